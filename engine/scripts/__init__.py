"""A run as a script of plain PyTorch. What a technique says of itself for it stands in `engine.code`.

script    the whole of it
facts     what follows for it from what techniques say
setup     its upper part, to the network
training  its lower part, the loop
words     its comments in the reader's language
"""
