"""What is wrong with data, found before a run.

check               all that is looked at in a folder of pictures
finding             a finding with its remedy
picture_findings    of single files
class_findings      of classes and parts
duplicate_findings  of pictures that are alike
label_safety        whether augmentations change what an image is
label_judge         networks that know the data as they are
label_change        when a change counts
"""
