/* The protocol around the index: a producer, workers, a sweeper, and what befalls them.
 *
 * Time is left out: whatever may happen, may happen at any moment, in any order. A pause is
 * a node that lives and is reaped all the same; a late message is one that is taken late.
 * How many faults there are is set by -D; once they have ended, what can go on goes on
 * (weak fairness).
 */

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef CRASHES
#define CRASHES 0 /* of a pool process, or of a whole worker */
#endif
#ifndef PAUSES
#define PAUSES 0 /* longer than a lease */
#endif
#ifndef LOSSES
#define LOSSES 0 /* messages, whether lost by the broker or by a sender that died */
#endif
#ifndef REPLIES
#define REPLIES 0 /* of the index that never arrive; its crash, if it keeps all, is just that */
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 0 /* of the index to an earlier state of its own */
#endif
#ifndef PUBLICATIONS
#define PUBLICATIONS 0 /* of what the step reads, by others */
#endif

#ifndef RETRIES
#define RETRIES 1
#endif
#ifndef MESSAGES
#define MESSAGES 2   /* in the queue at one time; 2 are a doubled one, more behave as these */
#endif
#define LOST_LIMIT 3 /* 04_ends.lua */
#define LEAP 2       /* 01_call.lua has a million */

/* Ids of nodes, nonces and pids are never given twice, and are compared for equality alone.
 * So the model needs to tell the present ones from one another, and the past ones from them:
 * NAME(w) is the present id of worker w as a node, and the nonce of the delivery that its
 * process has or had last. When it takes a new one, all that still shows the old one is made
 * to show PAST. The states stay finite, and few.
 */
#define NAME(w) (w + 1)
#define PAST (WORKERS + 1)
#define BIT(name) (1 << (name))
#define REGISTERED_AT_START (BIT(PAST) - 2)

/* A promise is named, so that the checker's error names it. */
#define PROMISE(promise) assert(promise);

hidden byte one_publication, no_stale_token, bound_once, claimed_by_registered;
hidden byte attempt_has_reason, loss_has_reason, success_is_not_denied, newer_than_seen;
hidden byte acknowledged_is_kept;
hidden byte granted, n;

byte hints; /* messages in the queue */
bool accepted, acknowledged;
byte crashes = CRASHES, pauses = PAUSES, losses = LOSSES, replies = REPLIES;
byte rollbacks = ROLLBACKS;
bool copied = ROLLBACKS == 0; /* one copy, which may be restored more than once */

/* Of what an attempt can be lost by. A rollback may forget how one ended. */
#define DEATHS ((CRASHES - crashes) + (PAUSES - pauses) + (ROLLBACKS - rollbacks))

/* One pool process for each worker. */
mtype = { IDLE, CLAIMING, COMPUTING, COMPLETING, FAILING };
mtype at[WORKERS] = IDLE;
bool noted[WORKERS];    /* Holdings: its delivery's nonce is; a dead process leaves it behind */
byte known_as[WORKERS]; /* the node's id when it took the delivery */
byte attempt[WORKERS];

/* Its main process. */
byte unheld[WORKERS];   /* the attempt that the last beat found held by no process */
byte highest[WORKERS];  /* RollbackWatch: the highest revision that it has seen */
bool looked[WORKERS] = true; /* at the index, since the last rollback */
#ifdef EPOCH_COMPARED
byte epoch[WORKERS], epochs;
#endif
#ifdef NEVER_TWICE
hidden byte never_twice;
int given; /* revisions in any history, one bit each */
#endif

#include "index.pml"

#define OUTDATE_NONCE(record, w) \
  if :: record.nonce == NAME(w) -> record.nonce = PAST :: else fi;

inline take_delivery(w) {
  OUTDATE_NONCE(index, w)
  OUTDATE_NONCE(saved, w)
  if
  :: unheld[w] == NAME(w) -> unheld[w] = PAST
  :: else
  fi;
  noted[w] = true;
  known_as[w] = NAME(w);
  at[w] = CLAIMING
}

#define OUTDATE_NODE(record, w) \
  if :: record.node == NAME(w) -> record.node = PAST :: else fi; \
  if \
  :: (record.nodes & BIT(NAME(w))) != 0 -> \
     record.nodes = (record.nodes & ~BIT(NAME(w))) | BIT(PAST) \
  :: else \
  fi;

/* The worker goes on under a new id. */
inline renew(w) {
  OUTDATE_NODE(index, w)
  OUTDATE_NODE(saved, w)
  if
  :: known_as[w] == NAME(w) -> known_as[w] = PAST
  :: else
  fi;
  unheld[w] = 0
}

#define BURY(record, w) if :: record.node == NAME(w) -> record.dead = true :: else fi;

inline forget(w) {
  at[w] = IDLE;
  attempt[w] = 0;
  known_as[w] = 0
}

/* A process of the pool dies and is replaced; what it noted stays in the shared memory. */
inline die(w) {
  BURY(index, w)
  BURY(saved, w)
  forget(w)
}

inline rest(w) {
  noted[w] = false;
  forget(w)
}

/* HintSender.send: nobody relies on it. */
inline send() {
  if
  :: hints < MESSAGES -> hints++
  :: losses > 0 -> losses--
  :: hints == MESSAGES
  fi
}

/* Whether the reply to a call arrives; without it the caller repeats the call. */
#define REPLY_IS_LOST replies > 0 -> replies--

active proctype Producer() {
  do
  :: atomic { submit();
       if
       :: REPLY_IS_LOST
       :: accepted = true; break
       fi }
  od;
#ifdef ROW_WRITTEN_LATER
  if
  :: atomic { index.state == QUEUED && index.row == NO_ROW -> index.row = HINT }
  :: atomic { crashes > 0 -> crashes--; goto died }
  :: index.state != QUEUED || index.row != NO_ROW
  fi;
#endif
  atomic { send() };
died:
  skip
}

/* Who publishes what the step reads, at any moment. */
active proctype Publisher() {
  byte left = PUBLICATIONS;
end:
  do
  :: atomic { left > 0 -> left--; index.latest++; raise_revision() }
  od
}

/* The pool's process: Executor. */
active [WORKERS] proctype Process() {
  byte w = _pid - 2;
end:
  do
  :: atomic { at[w] == IDLE && hints > 0 ->
       hints--;
       take_delivery(w) }
  :: atomic { at[w] == CLAIMING ->
       claim(w);
       if
       :: REPLY_IS_LOST
       :: granted -> at[w] = COMPUTING; attempt[w] = index.attempt; known_as[w] = 0
       :: !granted -> rest(w)
       fi }
  :: atomic { at[w] == COMPUTING || at[w] == COMPLETING ->
       at[w] = COMPLETING;
       complete(w);
       if
       :: REPLY_IS_LOST
       :: acknowledged = acknowledged || granted; rest(w)
       fi }
  :: atomic { at[w] == COMPUTING || at[w] == FAILING ->
       at[w] = FAILING;
       fail(w);
       if
       :: REPLY_IS_LOST
       :: rest(w)
       fi }
  od
}

#define SAYS_IT_HOLDS(w, nonce) (noted[w] && (nonce) == NAME(w))

/* The worker's main process: Heartbeat. Each turn is one call and what its reply asks for. */
active [WORKERS] proctype MainProcess() {
  byte w = _pid - 2 - WORKERS;
end:
  do
  /* beat -> UNKNOWN, or the first one of a new worker. */
  :: atomic { !REGISTERED(NAME(w)) ->
       if
       :: at[w] != IDLE -> die(w) /* it kills what it held */
       :: true                    /* it had not heard yet that a process held something */
       fi;
       renew(w);
       index.nodes = index.nodes | BIT(NAME(w)) }
#ifndef LOST_OFF
  :: atomic { index.state == RUNNING && index.node == NAME(w) && index.dead -> lost(NAME(w)) }
#endif
#ifndef ORPHAN_CHECK_OFF
  /* One beat finds an attempt that nobody says he holds, the next one gives it back. */
  :: atomic { index.state == RUNNING && index.node == NAME(w) && unheld[w] == 0 &&
              !SAYS_IT_HOLDS(w, index.nonce) ->
       unheld[w] = index.nonce }
  :: atomic { unheld[w] > 0 ->
       if
       :: !SAYS_IT_HOLDS(w, unheld[w]) -> give_back(NAME(w), unheld[w])
       :: else
       fi;
       unheld[w] = 0 }
#endif
  :: atomic { !looked[w] || (rollbacks > 0 && index.revision > highest[w]) ->
       if
       :: index.revision < highest[w] -> reopen(w)
       :: else
       fi;
       if
       :: index.revision > highest[w] -> highest[w] = index.revision
       :: else
       fi;
       looked[w] = true }
  od
}

/* Sweeper: each worker has one, and some worker lives. */
active proctype Sweep() {
end:
  do
#ifndef REAP_OFF
  :: atomic { REGISTERED(PAST) -> reap(PAST) }
#endif
#ifndef SWEEPER_OFF
  :: atomic { index.row == TIMER || (index.row == HINT && hints < MESSAGES) -> due() }
#endif
  od
}

/* Time passes. Else a run that stands still for ever would not be infinite, and pan, which
 * looks for unfair cycles when it is asked for weak fairness, would not see that it stands.
 */
active proctype Clock() {
end:
  do
  :: n = 0
  od
}

/* An acknowledged publication, and an accepted run, are there; checked when the index is back. */
inline check_kept() {
  acknowledged_is_kept = (!acknowledged || index.state == SUCCEEDED) &&
                         (!accepted || index.state != UNKNOWN);
  PROMISE(acknowledged_is_kept)
}

active proctype Faults() {
  byte w;
  do
  :: atomic { crashes > 0 -> crashes--;
       select(w : 0 .. WORKERS - 1);
       if
       :: true -> die(w)
       :: true -> die(w); renew(w); noted[w] = false; highest[w] = 0; looked[w] = true /* all of it */
       fi;
       w = 0 }
  :: atomic { pauses > 0 -> pauses--;
       select(w : 0 .. WORKERS - 1);
       reap(NAME(w));
       w = 0 }
  :: atomic { !copied -> copied = true; COPY(saved, index) }
  :: atomic { copied && rollbacks > 0 -> rollbacks--;
       COPY(index, saved)
#ifndef NOT_SYNCED /* what was acknowledged lay on the disk before it was, and yet is gone */
       acknowledged = false;
       accepted = false;
#endif
       check_kept();
       select(hints : 0 .. MESSAGES); /* the broker may be of the same server */
       if
       :: rollbacks == 0 -> COPY(saved, blank)
       :: else
       fi;
       for (n : 0 .. WORKERS - 1) { looked[n] = false }
       n = 0 }
  :: break
  od
}

#if ROLLBACKS == 0
ltl every_run_ends { <> [] (index.state == SUCCEEDED || index.state == FAILED) }
#else
/* A run that a rollback took away is one that this history never accepted. */
ltl every_run_ends { <> [] (index.state == UNKNOWN || index.state == SUCCEEDED || index.state == FAILED) }
#endif
