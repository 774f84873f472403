"""What each verb of the command line does, in a file of the verb's name."""
