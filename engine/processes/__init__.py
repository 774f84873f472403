"""One run in several processes.

launch        how this process was started
ranks         the processes of a run as one of them sees them, here alone
several       the same where there are several
advice        in what several are not quite one
plan          how many there is sense in, and the commands
shared_store  where their run is kept
"""
