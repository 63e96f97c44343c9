-- Looks which entries of the ingress a consumer may settle now, and for which shards entries wait. ingress-holders.lua stands
-- before it and says what is answered. KEYS[1] is the ingress, ARGV[1] the consumer, and the ids of the entries follow, oldest
-- first.
return { look_at(KEYS[1], ARGV[1], { unpack(ARGV, 2) }) }
