"""What students hand in.

submission  one file: guess, settings, curves, conclusion
look        what can be told of it without training
replay      its runs trained again
outcome     which figures come out otherwise
pile        submissions that are opened together, and their table
"""
