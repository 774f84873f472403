"""Picture files of anyone, and a folder of them as a data set.

files            checked before they are decoded
form             how they become what a network takes
look             a kilobyte of each
folder           the pictures of a folder, in classes and parts
names            which belong together by their names
groups           which stay in one part
near_duplicates  which are nearly the same
reader           decoded by all processors
cache            kept, so that it is done once
journal          what lies in the folder of such a cache
kept             what is kept of which folder, and its removal
folder_look      a short look at a folder of pictures
"""
