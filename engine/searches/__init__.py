"""The search for settings.

search   its trials given out and told
space    what it may choose
begin    what there is to choose, and the words that begin it
study    what any number of processes take part in
storage  its journal, looked through before it is replayed; or its database
files    where studies are
watch    a study as one sees it who takes no part
pool     the processes that train trials, as they are led
worker   what one of them does
"""
