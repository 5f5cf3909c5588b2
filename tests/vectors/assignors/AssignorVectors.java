// Asks Apache Kafka's own assignors, and prints what they were asked and what they said, a case a
// line.  Run by hand, with the jars of the followed release (README.md beside this file):
//
//     java -cp 'JARS/*' AssignorVectors.java SEED CASES > cases.jsonl

import java.nio.ByteBuffer;
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;
import org.apache.kafka.common.*;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.modern.*;

public class AssignorVectors {
    static final Random CHANCE = new Random();
    static final StringBuilder OUT = new StringBuilder();
    static int instances = 10;

    public static void main(String[] arguments) {
        CHANCE.setSeed(Long.parseLong(arguments[0]));
        for (int number = 0; number < Integer.parseInt(arguments[1]); number++) {
            for (String name : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) client(name);
            for (String name : List.of("uniform", "range")) server(name);
        }
        System.out.print(OUT);
    }

    static String memberId() {
        return "c-" + new UUID(CHANCE.nextLong(), CHANCE.nextLong());
    }

    static <T> List<T> some(List<T> all) {
        List<T> chosen = all.stream().filter(each -> CHANCE.nextInt(3) > 0).collect(Collectors.toList());
        return chosen.isEmpty() ? List.of(all.get(CHANCE.nextInt(all.size()))) : chosen;
    }

    // --- clients ---------------------------------------------------------------------------------

    static class Member {
        List<String> topics;
        String instance, rack;
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;
    }

    static void client(String name) {
        List<String> racks = CHANCE.nextInt(3) == 0 ? List.of("r1", "r2", "r3") : List.of();
        Map<String, List<PartitionInfo>> topics = new TreeMap<>();
        for (int t = 0; t < 1 + CHANCE.nextInt(4); t++) {
            List<PartitionInfo> partitions = new ArrayList<>();
            for (int p = 0; p < 1 + CHANCE.nextInt(9); p++) {
                String rack = racks.isEmpty() ? null : racks.get(CHANCE.nextInt(racks.size()));
                Node[] replicas = {new Node(1, "h", 1, rack)};
                partitions.add(new PartitionInfo("t" + t, p, replicas[0], replicas, replicas));
            }
            topics.put("t" + t, partitions);
        }
        boolean alike = CHANCE.nextBoolean();
        Map<String, Member> members = new LinkedHashMap<>();
        int generation = 0;
        for (int round = 0; round < 4; round++, generation++) {
            members.keySet().removeIf(each -> CHANCE.nextInt(5) == 0);
            do {
                Member member = new Member();
                member.topics = alike ? new ArrayList<>(topics.keySet()) : some(new ArrayList<>(topics.keySet()));
                member.instance = CHANCE.nextInt(4) == 0 ? "i" + instances++ : null;
                member.rack = racks.isEmpty() || CHANCE.nextInt(5) == 0 ? null : racks.get(CHANCE.nextInt(racks.size()));
                members.put(memberId(), member);
            } while (CHANCE.nextInt(3) > 0 && members.size() < 8);
            Map<String, Subscription> subscriptions = new HashMap<>();
            members.forEach((id, member) -> {
                ByteBuffer data = name.equals("sticky") && member.generation >= 0 ? userData(member) : null;
                Subscription subscription = new Subscription(member.topics, data, member.owned, member.generation, Optional.ofNullable(member.rack));
                if (member.instance != null) subscription.setGroupInstanceId(Optional.of(member.instance));
                subscriptions.put(id, subscription);
            });
            Set<String> wanted = members.values().stream().flatMap(each -> each.topics.stream()).collect(Collectors.toSet());
            Map<String, List<PartitionInfo>> known = new HashMap<>();
            wanted.forEach(topic -> known.put(topic, topics.get(topic)));
            Map<String, List<TopicPartition>> result = assignor(name).assignPartitions(known, subscriptions);
            if (round > 0) printClient(name, topics, members, result);
            int now = generation;
            result.forEach((id, owned) -> {
                Member member = members.get(id);
                if (CHANCE.nextInt(8) == 0) return;  // did not hear of it: an older generation
                member.owned = new ArrayList<>(owned);
                member.generation = now;
            });
        }
    }

    static AbstractPartitionAssignor assignor(String name) {
        switch (name) {
            case "range": return new RangeAssignor();
            case "roundrobin": return new RoundRobinAssignor();
            case "sticky": return new StickyAssignor();
            default: return new CooperativeStickyAssignor();
        }
    }

    static ByteBuffer userData(Member member) {
        Map<String, List<Integer>> byTopic = new LinkedHashMap<>();
        member.owned.forEach(each -> byTopic.computeIfAbsent(each.topic(), __ -> new ArrayList<>()).add(each.partition()));
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        buffer.putInt(byTopic.size());
        byTopic.forEach((topic, partitions) -> {
            buffer.putShort((short) topic.length()).put(topic.getBytes()).putInt(partitions.size());
            partitions.forEach(buffer::putInt);
        });
        buffer.putInt(member.generation).flip();
        return buffer;
    }

    static void printClient(String name, Map<String, List<PartitionInfo>> topics, Map<String, Member> members, Map<String, List<TopicPartition>> result) {
        String topicText = topics.entrySet().stream().map(each -> quoted(each.getKey()) + ":" + each.getValue().stream()
            .map(p -> p.replicas()[0].rack() == null ? "[]" : "[" + quoted(p.replicas()[0].rack()) + "]")
            .collect(Collectors.joining(",", "[", "]"))).collect(Collectors.joining(",", "{", "}"));
        String memberText = members.entrySet().stream().map(each -> {
            Member m = each.getValue();
            return "{\"id\":" + quoted(each.getKey()) + ",\"topics\":" + texts(m.topics) + ",\"instance\":" + quoted(m.instance)
                + ",\"rack\":" + quoted(m.rack) + ",\"generation\":" + m.generation + ",\"owned\":" + partitions(m.owned) + "}";
        }).collect(Collectors.joining(",", "[", "]"));
        String resultText = new TreeMap<>(result).entrySet().stream().map(each -> quoted(each.getKey()) + ":" + partitions(each.getValue()))
            .collect(Collectors.joining(",", "{", "}"));
        OUT.append("{\"side\":\"client\",\"assignor\":" + quoted(name) + ",\"topics\":" + topicText + ",\"members\":" + memberText
            + ",\"result\":" + resultText + "}\n");
    }

    // --- the server ------------------------------------------------------------------------------

    static void server(String name) {
        Map<Uuid, Integer> topics = new LinkedHashMap<>();
        for (int t = 0; t < 1 + CHANCE.nextInt(5); t++) topics.put(new Uuid(CHANCE.nextLong(), CHANCE.nextLong()), 1 + CHANCE.nextInt(40));
        boolean alike = CHANCE.nextBoolean();
        Map<String, List<Uuid>> wanted = new LinkedHashMap<>();
        Map<String, String> instances = new HashMap<>();
        Map<String, Assignment> targets = new HashMap<>();
        for (int round = 0; round < 4; round++) {
            wanted.keySet().removeIf(each -> CHANCE.nextInt(5) == 0);
            do {
                String id = memberId();
                wanted.put(id, alike ? new ArrayList<>(topics.keySet()) : some(new ArrayList<>(topics.keySet())));
                if (CHANCE.nextInt(4) == 0) instances.put(id, "i" + AssignorVectors.instances++);
            } while (CHANCE.nextInt(3) > 0 && wanted.size() < 20);
            targets.keySet().retainAll(wanted.keySet());
            if (alike && CHANCE.nextInt(3) == 0 && topics.size() > 1) {
                Uuid gone = topics.keySet().iterator().next();
                topics.remove(gone);
                wanted.values().forEach(each -> each.remove(gone));
            }
            Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
            targets.forEach((id, target) -> target.partitions().forEach((topic, numbers) ->
                numbers.forEach(number -> inverted.computeIfAbsent(topic, __ -> new HashMap<>()).put(number, id))));
            Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
            wanted.forEach((id, ids) -> specs.put(id, new MemberSubscriptionAndAssignmentImpl(Optional.empty(), Optional.ofNullable(instances.get(id)),
                new LinkedHashSet<>(ids), targets.getOrDefault(id, Assignment.EMPTY))));
            boolean same = wanted.values().stream().map(HashSet::new).distinct().count() == 1;
            SubscribedTopicDescriber describer = new SubscribedTopicDescriber() {
                public int numPartitions(Uuid id) { return topics.getOrDefault(id, -1); }
                public Set<String> racksForPartition(Uuid id, int partition) { return Set.of(); }
            };
            GroupSpec spec = new GroupSpecImpl(specs, same ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS, inverted);
            ConsumerGroupPartitionAssignor assignor = name.equals("uniform") ? new UniformAssignor() : new org.apache.kafka.coordinator.group.assignor.RangeAssignor();
            Map<String, MemberAssignment> result = assignor.assign(spec, describer).members();
            if (round > 0) printServer(name, topics, wanted, instances, targets, same, result);
            targets.clear();
            result.forEach((id, target) -> {
                Map<Uuid, Set<Integer>> kept = new HashMap<>();
                target.partitions().forEach((topic, numbers) -> kept.put(topic, new HashSet<>(new ArrayList<>(numbers))));
                targets.put(id, new Assignment(kept));
            });
        }
    }

    static void printServer(String name, Map<Uuid, Integer> topics, Map<String, List<Uuid>> wanted, Map<String, String> instances,
                            Map<String, Assignment> targets, boolean same, Map<String, MemberAssignment> result) {
        String topicText = topics.entrySet().stream().map(each -> quoted(hex(each.getKey())) + ":" + each.getValue()).collect(Collectors.joining(",", "{", "}"));
        String memberText = wanted.entrySet().stream().map(each -> "{\"id\":" + quoted(each.getKey()) + ",\"instance\":" + quoted(instances.get(each.getKey()))
            + ",\"topics\":" + texts(each.getValue().stream().map(AssignorVectors::hex).collect(Collectors.toList()))
            + ",\"target\":" + assignment(targets.getOrDefault(each.getKey(), Assignment.EMPTY).partitions()) + "}").collect(Collectors.joining(",", "[", "]"));
        String resultText = new TreeMap<>(result).entrySet().stream().map(each -> quoted(each.getKey()) + ":" + assignment(each.getValue().partitions()))
            .collect(Collectors.joining(",", "{", "}"));
        OUT.append("{\"side\":\"server\",\"assignor\":" + quoted(name) + ",\"topics\":" + topicText + ",\"members\":" + memberText
            + ",\"same\":" + same + ",\"result\":" + resultText + "}\n");
    }

    // --- text ------------------------------------------------------------------------------------

    static String hex(Uuid id) {
        return String.format("%016x%016x", id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    static String assignment(Map<Uuid, Set<Integer>> assigned) {
        return assigned.entrySet().stream().map(each -> quoted(hex(each.getKey())) + ":" + each.getValue().stream().sorted()
            .map(String::valueOf).collect(Collectors.joining(",", "[", "]"))).sorted().collect(Collectors.joining(",", "{", "}"));
    }

    static String partitions(List<TopicPartition> partitions) {
        return partitions.stream().map(each -> "[" + quoted(each.topic()) + "," + each.partition() + "]").collect(Collectors.joining(",", "[", "]"));
    }

    static String texts(Collection<String> words) {
        return words.stream().map(AssignorVectors::quoted).collect(Collectors.joining(",", "[", "]"));
    }

    static String quoted(String text) {
        return text == null ? "null" : "\"" + text + "\"";
    }
}
