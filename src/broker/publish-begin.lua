-- Begins the outcomes of a node, which Redis then keeps for a while. It makes the same kind of write as a publish,
-- and so finds out whether the node can publish.
--
-- KEYS are the log and the outcomes. ARGV[1] is the number of the attempt, ARGV[2] for how many milliseconds the
-- outcomes stay. publish.lua stands before it.
use_hub(KEYS[1]:match('^{(.+)}:log$'))
local refusal = refusal_of_rights()
if refusal then return refusal end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', LIMITS.outcomes, ARGV[1] .. '-0', 'p', '0-0', 'n', 0)
return redis.call('PEXPIRE', KEYS[2], ARGV[2])
