-- Adds the dead letter of a sink. dead-letters.lua stands before it. KEYS[1] are the dead letters, ARGV are the fields of
-- the letter, each with its value. Answers the id of the letter.
return add_dead_letter(KEYS[1], unpack(ARGV))
