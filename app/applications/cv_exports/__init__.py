"""All CVs of a job as one ZIP, made on the pdf queue in small slices.

An export is made of parts, one a slice: stored files that joined end to end are the archive. What a slice has made is committed with the
task's going on, so that a worker that is killed costs the slice in hand and no more.

Who is in it: every application for the job at the moment of asking, whatever its status, except that of a candidate who has withdrawn or
whose account is closed when its turn comes; these are in the manifest without a file. An uploaded CV goes in as it is. A résumé goes in as
it is now, printed if its PDF is not up to date; one that the candidate has deleted as it was printed last. What is missing, damaged or
cannot be printed is a line in the manifest and does not stop the rest.
"""
