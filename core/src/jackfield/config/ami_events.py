"""AMI events that nobody here listens to."""

from __future__ import annotations

_WORDS = """
AGIExecEnd AGIExecStart AOC-D AOC-E AOC-S AgentCalled AgentComplete AgentConnect AgentDump AgentLogin
AgentLogoff AgentRingNoAnswer AsyncAGIEnd AsyncAGIExec AsyncAGIStart AuthMethodNotAllowed BridgeCreate
BridgeDestroy BridgeMerge BridgeVideoSourceUpdate CEL Cdr ChallengeSent ChanSpyStart ChanSpyStop
ChannelTalkingStart ChannelTalkingStop DTMFBegin DTMFEnd DialState ExtensionStatus Flash HangupHandlerPop
HangupHandlerPush HangupHandlerRun HangupRequest Load LoadAverageLimit LocalBridge LocalOptimizationBegin
LocalOptimizationEnd MCID MemoryLimit MessageWaiting MixMonitorMute MixMonitorStart MixMonitorStop
MusicOnHoldStart MusicOnHoldStop NewAccountCode NewCallerid NewConnectedLine NewExten Newexten OriginateResponse
PJSIPMaintenanceStatus PeerStatus PresenceStateChange PresenceStatus QueueCallerAbandon QueueCallerJoin QueueCallerLeave
QueueMemberAdded QueueMemberPause QueueMemberPenalty QueueMemberRemoved QueueMemberRinginuse QueueMemberStatus
RTCPReceived RTCPSent Reload RequestNotAllowed RequestNotSupported SoftHangupRequest
TestEvent UnexpectedAddress Unload VarSet Wink
"""
DISABLED = tuple(_WORDS.split())
"""Dropped by Asterisk before they are built; `VarSet` alone is more than half of all events. Names are case-sensitive;
Asterisk itself writes `Newexten` for what its documentation calls `NewExten`."""
