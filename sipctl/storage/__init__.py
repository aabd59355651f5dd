"""Files on disk: what has changed, the cache, the journal, and writing so that nothing is lost."""
