/// Deliberate faults, by which the simulator is shown to find real ones. Each is looked at in one place. Nothing but
/// the simulator can switch one on.
public enum InjectedFault: String, CaseIterable, Sendable {
  // Of the node agent.
  case skipCompareAndSwap
  case obeyOlderRevisions
  case forgetRevisionOnRestart
  case forgetPending
  case slaveBeforeComplete
  case newcomerNotFed
  case acknowledgeEarly
  case noFencing
  case handOverNotDurable
  case handOverWithoutTail
  case leaveFollowersBehind
  case readWithoutAsking
  case answerBeforeDisk
  case takeAnyMap
  case speakNewest
  case promoteStopped
  case serveStopped
  case acknowledgeUnpersisted
  case confirmPaused
  case releaseHeld
  case holdBySort
  case denyTooSurely
  case writeInFront
  case ignoreFloor
  case successorServesAtOnce
  case denyOnceLeading
  case trustAnyDisk
  case takeWipedForNew
  case leadOnSetBack
  // Of the orchestrator.
  case ignoreOrder
  case ignoreLimits
  case promoteLagging
  case dropWithoutJournal
  case planWithoutClaim
  case ignoreCapacity
  case ignorePause
  case forgetCancel
  case forgetHandedOver
  case planAtOnce
  case countNoPlans
  case ignoreGrace
  case loseAny
  case reachWithNobody
  case announceWithheld
  case takeAnyWriteForOwn
  case ignoreStores
  case takeLateBack
  case confirmWhole
  case proveNothing
  case leaveUnasked
  case promoteShorter
  case ignoreBase
  case staysWhenReplaced

  /// What it does, in words.
  public var text: String {
    switch self {
    case .skipCompareAndSwap: "a node does orders whatever state it is in"
    case .obeyOlderRevisions: "a node obeys orders of an older revision"
    case .forgetRevisionOnRestart: "a node that restarts forgets the revision it had promised to obey"
    case .forgetPending: "a successor that restarts while pending takes itself for the master"
    case .slaveBeforeComplete: "a newcomer calls itself slave before it has all the data"
    case .newcomerNotFed: "the master does not feed the newcomer"
    case .acknowledgeEarly: "a master acknowledges a write before its slaves have it"
    case .noFencing: "a slave obeys a master of an older revision"
    case .handOverNotDurable: "a master hands over without writing that down"
    case .handOverWithoutTail: "a master hands over without what the successor lacks"
    case .leaveFollowersBehind: "the new master does not know who the slaves are"
    case .readWithoutAsking: "a master answers reads without asking whether it still is one"
    case .answerBeforeDisk: "a node answers before what it did is on disk"
    case .takeAnyMap: "a node takes whichever map it is given"
    case .speakNewest: "a process speaks its newest version of messages to everybody"
    case .promoteStopped: "a replica that does not run, or is paused, begins to lead"
    case .serveStopped: "a replica that is stopped serves clients and other nodes"
    case .acknowledgeUnpersisted: "a master whose persistence is paused acknowledges what is on no disk of its own"
    case .confirmPaused: "a slave that is paused confirms what it has not taken"
    case .releaseHeld: "a successor denies requests that it should hold"
    case .holdBySort: "a successor holds every kind of request that writes as it holds writes, and all others as reads"
    case .denyTooSurely: "a node says of a write that waited that it was certainly not done"
    case .writeInFront: "a master writes in front of what was written before"
    case .ignoreFloor: "a master acknowledges writes of which there are fewer copies than asked for"
    case .successorServesAtOnce: "a successor acknowledges before the old master has let its copy go"
    case .denyOnceLeading: "a node that was told to lead denies every write"
    case .countNoPlans: "an orchestrator does not count how often it has planned for an outage"
    case .planAtOnce: "an orchestrator plans again at once when a node is back, and waits for nobody that was lost"
    case .ignoreGrace: "silent nodes are lost before their time of grace is over"
    case .loseAny: "any number of nodes may be lost at a time"
    case .reachWithNobody: "an orchestrator plans, and announces the map as reached, though no node answers"
    case .announceWithheld: "a map is announced in which nodes lead that do not, since no complete copy can be reached"
    case .takeAnyWriteForOwn: "an orchestrator takes what another wrote into the journal for what it wrote itself"
    case .forgetHandedOver: "what a master handed over does not count as a copy, though the successor is lost"
    case .trustAnyDisk: "a node serves at once after it has started, whatever its disk lacks"
    case .takeWipedForNew:
      "a node whose disk was wiped takes itself for one that has what the map at the beginning says"
    case .leadOnSetBack: "a leader does not mind that its followers have writes of its own which it lacks"
    case .ignoreOrder: "steps begin before those that they come after are done"
    case .ignoreLimits: "limits on streams are not kept"
    case .promoteLagging: "a slave that was left behind is promoted"
    case .dropWithoutJournal: "a slave is dropped without a word in the journal"
    case .planWithoutClaim: "steps are planned without asking the nodes to stop obeying older ones"
    case .ignoreCapacity: "steps are planned as if nodes had room for anything"
    case .ignorePause: "an orchestrator that is paused begins steps"
    case .forgetCancel: "an orchestrator that takes over does not know that the change was called off"
    case .ignoreStores: "an orchestrator confirms every disk"
    case .leaveUnasked: "a copy goes though who leads has started again, and has not asked that copy what it lacks"
    case .proveNothing:
      "who has started again, and has not been compared with anybody, leads on without those that are silent"
    case .takeLateBack:
      "a node whose disk is far behind is taken back as soon as it answers, however often it was lost since"
    case .confirmWhole: "a node's disk is confirmed with copies of which no complete one answers"
    case .ignoreBase: "an orchestrator begins whatever map its plan was made from"
    case .staysWhenReplaced: "an orchestrator does not mind that nodes obey a later one"
    case .promoteShorter: "where nobody leads, whoever is planned to is promoted, also one whose log is shorter"
    }
  }
}
