"""The command line around its verbs.

verbs             every verb in one table: what it says of itself, what it may be given, and where its work is
verb_arguments    what each may be given
common_arguments  what of that they have in common, the settings above all
given_settings    the settings that flags make
parser_words      the help in the reader's language
carry_out         how a verb is carried out, with plugins at hand
run               one run in the terminal, to its end, and what may be done when it fails
sweep             runs made for one question, one after another
progress_bar      how far a run is
run_tables        runs as tables
interrupts        what asks a run to end
attended          a command that ends with whoever began it
standard_streams  a terminal that may be gone
"""
