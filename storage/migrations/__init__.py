"""How the tables came to be what they are: one file a step in `versions`, run by `Database.upgrade`."""
