"""The tab Tune: questions that are answered by training more than once."""
