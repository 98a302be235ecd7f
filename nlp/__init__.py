"""What a text says: language, opinion, touchpoints, duplicates. Offline; knows nothing of a database."""
