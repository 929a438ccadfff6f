"""Whether a cloud lets us do what we have to do: questions that change nothing, and, if wished, real trials."""
