-- A node says that it publishes: its outcomes are there from now on, and stay for a while. It tries to write as publishing
-- does, and so finds out whether it could.
--
-- KEYS are the log and the outcomes. ARGV[1] is the number of the try, ARGV[2] how many milliseconds they stay.
-- publish.lua stands before it.
local refusal = refusal_of_rights(KEYS[1]:match('^{(.+)}:log$'))
if refusal then return refusal end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', LIMITS.outcomes, ARGV[1] .. '-0', 'p', '0-0', 'n', 0)
return redis.call('PEXPIRE', KEYS[2], ARGV[2])
