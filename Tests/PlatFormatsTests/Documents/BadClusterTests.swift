import PlatEngine
import PlatFormats
import Testing

/// Everything that can be wrong with a cluster document, with the whole message.
@Suite struct BadClusterTests {
  private func message(_ text: String) -> String {
    PlatFormatsTests.message { () throws(DocumentError) in _ = try read(text) }
  }

  /// The example with `old` replaced by `new`, and what is said about it.
  @Test(arguments: [
    // The document.
    (
      #""plat": 1"#, #""plat": 2"#,
      "2:11: plat: found version 2, expected version 1, the only one that this program reads"
    ),
    (
      #""plat": 1"#, #""plat": 2, "shape": {}"#,
      "2:11: plat: found version 2, expected version 1, the only one that this program reads"
    ),
    (#""plat": 1,"#, "", "1:1: the key \"plat\" is missing"),
    (
      #""levels""#, #""level""#,
      "16:3: level: found the unknown key \"level\", expected one of plat, settings, config, models, levels, containers, nodes, weights, map, maps; did you mean \"levels\"?"
    ),
    (
      #""plat": 1"#, #""plat": 1, "plat": 1"#,
      "2:14: plat: found the key \"plat\" a second time, expected each key once"
    ),
    (
      #""plat": 1"#, #""plat": 1, "x-a": 1, "x-a": 2"#,
      "2:24: x-a: found the key \"x-a\" a second time, expected each key once"
    ),
    (
      #""plat": 1"#, #""plat": 1, "models": []"#,
      "2:24: models: found an array, expected an object with state models by name"
    ),
    (
      #""plat": 1"#, #""plat": 1, "models": {"masterSlave": {}}"#,
      "2:25: models.masterSlave: found the built-in model masterSlave, expected a name of its own"
    ),
    (
      #""plat": 1"#, #""plat": 1, "weights": {"8": 1}"#,
      "2:26: weights[\"8\"]: found \"8\", expected the number of a partition, from 0 to 7"
    ),
    // Settings.
    (
      "masterSlave", "chain",
      "4:14: settings.model: found \"chain\", expected one of the models masterSlave, multiMaster"
    ),
    (
      #""keyFunc": "hash-crc32""#, #""keyFunc": "md5""#,
      "5:16: settings.keyFunc: found \"md5\", expected one of hash-crc32, hash-crc32-vbucket, range"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": 0"#,
      "6:22: settings.numPartitions: found the number 0, expected an integer from 1 to 268435456"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": -8"#,
      "6:22: settings.numPartitions: found the number -8, expected an integer from 1 to 268435456"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": 1e99"#,
      "6:22: settings.numPartitions: found the number 1e99, expected an integer from 1 to 268435456"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": 1e999999999"#,
      "6:22: settings.numPartitions: found the number 1e999999999, expected an integer from 1 to 268435456"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": 8.5"#,
      "6:22: settings.numPartitions: found the number 8.5, expected an integer from 1 to 268435456"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": "eight""#,
      "6:22: settings.numPartitions: found the string \"eight\", expected an integer from 1 to 268435456"
    ),
    (
      #""numPartitions": 8"#, #""numPartitions": true"#,
      "6:22: settings.numPartitions: found true, expected an integer from 1 to 268435456"
    ),
    (
      #""master": 1"#, #""boss": 1"#,
      "7:22: settings.constraints.boss: found the unknown key \"boss\", expected one of master, slave"
    ),
    (
      #""master": 1"#, #""master": 2"#,
      "7:32: settings.constraints.master: found 2, expected at most 1 in the model masterSlave"
    ),
    (
      #""master": 1"#, #""dead": 1"#,
      "7:30: settings.constraints.dead: found 1, expected 0: nothing is asked to stay dead"
    ),
    (
      #""slave": 2"#, #""slave": 1048577"#,
      "7:44: settings.constraints.slave: found the number 1048577, expected an integer from 0 to 1048576"
    ),
    (
      #""slave": 2"#, #""slave": 1, "slave": 2"#,
      "7:47: settings.constraints.slave: found the state \"slave\" a second time, expected each state once"
    ),
    (
      #""level": "zone", "atMost""#, #""level": "rack", "atMost""#,
      "9:49: settings.placement[0].level: found \"rack\", expected one of the levels zone, shelf"
    ),
    (
      #"["master", "slave"]"#, #"["master", "boss"]"#,
      "9:30: settings.placement[0].states[1]: found \"boss\", expected one of the states master, slave, pending, dead"
    ),
    (
      #"["master", "slave"]"#, #"["slave", "slave"]"#,
      "9:29: settings.placement[0].states[1]: found the state slave a second time, expected each state once"
    ),
    (
      #"["master", "slave"]"#, #"[]"#, "9:19: settings.placement[0].states: found no state, expected at least one state"
    ),
    (
      #""atMost": 2"#, #""atMost": -1"#,
      "9:67: settings.placement[0].atMost: found the number -1, expected an integer from 0 to 1048576"
    ),
    (#""atMost": 2, "#, "", "9:7: settings.placement[0]: the key \"atMost\" is missing"),
    (
      #""atMost": 2"#, #""atMost": 2, "near": "slave""#,
      "9:78: settings.placement[0].near: found near beside atMost, expected one of them in a rule"
    ),
    (
      #""strength": "hard""#, #""strength": "firm""#,
      "9:82: settings.placement[0].strength: found \"firm\", expected one of hard, soft"
    ),
    (
      #""outbound": 12"#, #""outbound": "many""#,
      "12:29: settings.fanOut.outbound: found the string \"many\", expected an integer from 0 to 1048576"
    ),
    (
      #""tolerance": "1/20""#, #""tolerance": -0.05"#,
      "12:96: settings.balance.tolerance: found the number -0.05, expected a number of at least 0 and of at most 200 digits, or a string with one or a rational"
    ),
    (
      #""tolerance": "1/20""#, #""tolerance": "21/20""#,
      "12:96: settings.balance.tolerance: found 21/20, expected a part of the due: 0 to 1"
    ),
    (
      #""tolerance": "1/20""#, #""tolerance": "5%""#,
      "12:96: settings.balance.tolerance: found the string \"5%\", expected a number of at least 0 and of at most 200 digits, or a string with one or a rational"
    ),
    (
      #""tolerance": "1/20""#, #""tolerance": "1/0""#,
      "12:96: settings.balance.tolerance: found the string \"1/0\", expected a number of at least 0 and of at most 200 digits, or a string with one or a rational"
    ),
    (
      #""tolerance""#, #""slack""#,
      "12:83: settings.balance.slack: found the unknown key \"slack\", expected one of tolerance, moveBudget"
    ),
    (
      #""moveBudget": 500"#, #""moveBudget": -1"#,
      "12:118: settings.balance.moveBudget: found the number -1, expected an integer from 0 to 2147483648"
    ),
    (
      #""moveBudget": 500"#, #""moveBudget": 1.5"#,
      "12:118: settings.balance.moveBudget: found the number 1.5, expected an integer from 0 to 2147483648"
    ),
    (
      #""moveBudget": 500"#, #""moveBudget": 1e30"#,
      "12:118: settings.balance.moveBudget: found the number 1e30, expected an integer from 0 to 2147483648"
    ),
    (
      #"{ "tolerance": "1/20", "moveBudget": 500 }"#, "0.05",
      "12:81: settings.balance: found the number 0.05, expected an object"
    ),
    // Configuration.
    (
      #""maxStreamsIn": 3"#, #""maxStreamIn": 3"#,
      "14:70: config.maxStreamIn: found the unknown key \"maxStreamIn\", expected one of maxFullScansPerVolumeType, maxStreamsIn, maxStreamsOut, maxDisturbedContainers, hold, minInSync; did you mean \"maxStreamsIn\"?"
    ),
    (
      #""level": "zone", "count""#, #""level": "row", "count""#,
      "15:52: config.maxDisturbedContainers.level: found \"row\", expected one of the levels zone, shelf"
    ),
    // The tree.
    (
      #"["zone", "shelf"]"#, #"["zone", "zone"]"#,
      "16:22: levels[1]: found the level \"zone\" a second time, expected each level once"
    ),
    (#"["zone", "shelf"]"#, #"["zone", 3]"#, "16:22: levels[1]: found the number 3, expected the name of a level"),
    (#""s1": ["c"]"#, #""s1": { "u": ["c"] }"#, "18:37: containers.z0.s1: found an object, expected an array of nodes"),
    (
      #"{ "s2": ["d", "e"] }"#, #"["d", "e"]"#,
      "19:11: containers.z1: found an array, expected an object with containers of the level shelf"
    ),
    (
      #""s1": ["c"]"#, #""s2": ["c"]"#,
      "19:13: containers.z1.s2: found the shelf \"s2\" a second time, expected each shelf once"
    ),
    (#"["c"]"#, #"["a"]"#, "18:38: containers.z0.s1[0]: found the node \"a\" a second time, expected each node once"),
    (#"["c"]"#, #"[null]"#, "18:38: containers.z0.s1[0]: found null, expected the name of a node"),
    // Nodes.
    (#""d": { "status""#, #""f": { "status""#, "23:5: nodes.f: found \"f\", expected a node that stands in containers"),
    (
      #""d": { "status""#, #""a": { "status""#,
      "23:5: nodes.a: found the node \"a\" a second time, expected each node once"
    ),
    (
      "1.50,", "-1.50,",
      "22:22: nodes.a.weight: found the number -1.50, expected a number of at least 0 and of at most 200 digits, or a string with one or a rational"
    ),
    (
      "1.50,", "1e201,",
      "22:22: nodes.a.weight: found the number 1e201, expected a number of at least 0 and of at most 200 digits, or a string with one or a rational"
    ),
    (
      "1.50,", "\"1/0\",",
      "22:22: nodes.a.weight: found the string \"1/0\", expected a number of at least 0 and of at most 200 digits, or a string with one or a rational"
    ),
    (
      "1.50,", "[1],",
      "22:22: nodes.a.weight: found an array, expected a number of at least 0, or a string with a rational"
    ),
    (
      #""capacity": 7"#, #""capacity": -7"#,
      "23:45: nodes.d.capacity: found the number -7, expected an integer from 0 to 2147483648"
    ),
    ("leaving", "gone", "23:22: nodes.d.status: found \"gone\", expected one of active, leaving, maintenance, failed"),
    (
      #""type": "ssd""#, #""type": "tape""#,
      "22:91: nodes.a.volumes[1].type: found \"tape\", expected a type of config.maxFullScansPerVolumeType: nvme, hdd, ssd"
    ),
    (
      #""weight": 1.50"#, #""wieght": 1.50"#,
      "22:12: nodes.a.wieght: found the unknown key \"wieght\", expected one of weight, capacity, status, volumes, tags; did you mean \"weight\"?"
    ),
    // The map.
    (#""type": "current""#, #""type": "past""#, "26:13: map.type: found \"past\", expected one of current, target"),
    (
      #""revision": 7"#, #""revision": -1"#,
      "26:36: map.revision: found the number -1, expected an integer from 0 to 9223372036854775806"
    ),
    (
      #""revision": 7, "keyFunc": "hash-crc32""#, #""revision": 7, "keyFunc": "range""#,
      "26:50: map.keyFunc: found range, expected hash-crc32, as the settings say"
    ),
    (
      #""keyFunc": "hash-crc32", "numPartitions": 8,"#, #""keyFunc": "hash-crc32", "numPartitions": 9,"#,
      "26:81: map.numPartitions: found 9, expected 8, as the settings say"
    ),
    (
      #""7": {"#, #""8": {"#,
      "29:7: map.partitions[\"8\"]: found \"8\", expected the number of a partition, from 0 to 7"
    ),
    (
      #""7": {"#, #""07": {"#,
      "29:7: map.partitions[\"07\"]: found \"07\", expected the number of a partition, from 0 to 7"
    ),
    (
      #""7": {"#, #""seven": {"#,
      "29:7: map.partitions.seven: found \"seven\", expected the number of a partition, from 0 to 7"
    ),
    (
      #""7": {"#, #""0": {"#,
      "29:7: map.partitions[\"0\"]: found the partition \"0\" a second time, expected each partition once"
    ),
    (
      #""dead": ["a"]"#, #""dead": ["z"]"#,
      "29:56: map.partitions[\"7\"].dead[0]: found \"z\", expected a node of the cluster"
    ),
    (
      #""dead": ["a"]"#, #""dead": ["e"]"#,
      "29:56: map.partitions[\"7\"].dead[0]: found the node \"e\" a second time, expected each node once in a partition"
    ),
    (
      #""dead": ["a"]"#, #""dead": [["a"]]"#,
      "29:56: map.partitions[\"7\"].dead[0]: found an array, expected the name of a node"
    ),
    (
      #""dead": ["a"]"#, #""dead": "a""#,
      "29:55: map.partitions[\"7\"].dead: found the string \"a\", expected an array of nodes"
    ),
    (
      #""dead": ["a"]"#, #""slave": ["a"]"#,
      "29:47: map.partitions[\"7\"].slave: found the state \"slave\" a second time, expected each state once"
    ),
    (
      #""dead": ["a"]"#, #""ghost": ["a"]"#,
      "29:47: map.partitions[\"7\"].ghost: found the unknown key \"ghost\", expected one of master, slave, pending, dead"
    ),
    (#""partitions": {"#, #""x-partitions": {"#, "25:10: map: the key \"partitions\" is missing"),
  ])
  func refused(old: String, new: String, expected: String) {
    #expect(message(exampleCluster.changing(old, new)) == expected)
  }

  @Test func nothingThatTellsTheNodes() {
    #expect(
      message(#"{"plat": 1, "settings": {"numPartitions": 4}}"#) == "1:1: the key \"nodes\" is missing")
    #expect(
      message(#"{"plat": 1, "settings": {"numPartitions": 4}, "levels": ["zone"], "nodes": {"a": {}}}"#)
        == "1:1: the key \"containers\" is missing")
    #expect(
      message(#"{"plat": 1, "settings": {}, "nodes": {"a": {}}}"#)
        == "1:25: settings: the key \"numPartitions\" is missing")
  }

  @Test(arguments: [
    (
      #""start": "d", "end": "m""#, #""start": "e", "end": "m""#,
      "11:25: map.partitions.d-m.start: found a gap between first and d-m, expected each key in one partition"
    ),
    (
      #""start": "d", "end": "m""#, #""start": "c", "end": "m""#,
      "11:25: map.partitions.d-m.start: found an overlap between first and d-m, expected each key in one partition"
    ),
    (
      #""start": "d", "end": "m""#, #""start": "m", "end": "d""#,
      "11:37: map.partitions.d-m.end: found d after the start m, expected an end behind the start"
    ),
    (
      #""start": "hex:71ff", "#, "",
      "9:15: map.partitions.last.start: found an overlap between first and last, expected each key in one partition"
    ),
    (
      #""end": "d", "#, "",
      "11:25: map.partitions.d-m.start: found an overlap between first and d-m, expected each key in one partition"
    ),
    (
      #""end": "d""#, #""start": "c", "end": "d""#,
      "10:27: map.partitions.first.start: found keys before it in no partition, expected an unbounded start"
    ),
    (
      #""start": "hex:71ff", "#, #""start": "hex:71ff", "end": "x", "#,
      "9:45: map.partitions.last.end: found keys after it in no partition, expected an unbounded end"
    ),
    (
      "hex:71ff", "hex:71f",
      "8:37: map.partitions.m-q.end: found \"hex:71f\", expected pairs of hexadecimal digits after hex:"
    ),
    (
      "hex:71ff", "hex:71zz",
      "8:37: map.partitions.m-q.end: found \"hex:71zz\", expected pairs of hexadecimal digits after hex:"
    ),
    (
      #""d-m""#, #""first""#,
      "11:7: map.partitions.first: found the partition \"first\" a second time, expected each partition once"
    ),
    (
      #""keyFunc": "range""#, #""keyFunc": "range", "numPartitions": 5"#,
      "7:19: map.partitions: found 4 ranges, expected 5, by numPartitions"
    ),
    (
      #""slave": ["c"]"#, #""slave": ["a"]"#,
      "10:57: map.partitions.first.master[0]: found the node \"a\" a second time, expected each node once in a partition"
    ),
    (#""map""#, #""x-map""#, "1:1: the key \"map\" is missing"),
  ])
  func refusedRanges(old: String, new: String, expected: String) {
    #expect(message(exampleRanges.changing(old, new)) == expected)
  }

  /// A tree with no levels, and levels that no node is in.
  @Test func treesThatDoNotFitTheirLevels() {
    #expect(
      message(exampleCluster.changing(#"["zone", "shelf"]"#, "[]")).hasSuffix(
        "expected no rule about levels: there are none"))
    #expect(
      message(#"{"plat":1,"settings":{"numPartitions":1},"containers":{"z":["a"]}}"#)
        == "1:55: containers: found an object, expected an array of nodes")
  }

  /// Cut short at every byte: refused each time, never a trap.
  @Test func cutShort() {
    for text in [exampleCluster, exampleRanges] {
      let bytes = Array(text.utf8)
      for count in 0..<bytes.count {
        #expect(throws: DocumentError.self) { try ClusterReader.read(source(Array(bytes[..<count]))) }
      }
    }
  }
}
