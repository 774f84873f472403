"""Lessons: runs that answer a question.

lesson    what it is made of
reading   read from its file, which anyone may have written
claims    what may be claimed of its runs
verdict   what they say to its question
together  several of its runs as an ensemble, of which claims may speak too
band      between which curves they are expected
"""
