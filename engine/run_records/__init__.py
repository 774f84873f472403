"""Runs as their folders tell of them.

files   folders of runs
record  one run
index   all of them, each read again only when it has changed
result  how one ended
notes   name, tags and notes
bin     runs that were put away
"""
