"""A network to take away.

export     as a file, proven to do the same
deployed   what goes with it
onnx_file  as ONNX
"""
