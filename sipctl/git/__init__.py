"""Git: running it, what it prints, and the one way to commit."""
