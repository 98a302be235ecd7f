"""The steps, oldest first. A step is never edited once released: it is followed by another."""
