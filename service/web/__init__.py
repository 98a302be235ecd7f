"""The pages: server-rendered, no script, read-only."""
