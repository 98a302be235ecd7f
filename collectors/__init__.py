"""What people published: sources read politely and turned into posts.

Knows nothing of a database, of language or of a brand's score. Start with `post` (what a source yields),
`source` (what a source is) and `http` (the one door to the network).
"""
