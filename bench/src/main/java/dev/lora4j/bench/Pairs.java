package dev.lora4j.bench;

import dev.lora4j.bench.PeerProcess.Run;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Paired runs of lora4j and a peer in alternation: disturbances of the machine affect both. */
final class Pairs {
  private final List<Run> ours = new ArrayList<>();
  private final List<Run> peers = new ArrayList<>();

  private Pairs() {}

  static Pairs run(int rounds, List<String> ourCommand, List<String> peerCommand)
      throws IOException, InterruptedException {
    Pairs pairs = new Pairs();
    for (int round = 0; round < rounds; round++) {
      System.err.printf("round %d of %d%n", round + 1, rounds);
      if (round % 2 == 0) {
        pairs.ours.add(PeerProcess.run(ourCommand));
        pairs.peers.add(PeerProcess.run(peerCommand));
      } else {
        pairs.peers.add(PeerProcess.run(peerCommand));
        pairs.ours.add(PeerProcess.run(ourCommand));
      }
    }
    return pairs;
  }

  /** Returns the median of a value that our runs reported. */
  double ours(String pointer) {
    return median(ours, run -> run.number(pointer));
  }

  /** Returns the median of a value that the peer's runs reported. */
  double peers(String pointer) {
    return median(peers, run -> run.number(pointer));
  }

  /** Returns the smallest of a value that our runs reported. */
  double leastOfOurs(String pointer) {
    return ours.stream().mapToDouble(run -> run.number(pointer)).min().orElseThrow();
  }

  /** Returns the smallest of a value that the peer's runs reported. */
  double leastOfPeers(String pointer) {
    return peers.stream().mapToDouble(run -> run.number(pointer)).min().orElseThrow();
  }

  /** Returns the largest of a value that our runs reported. */
  double mostOfOurs(String pointer) {
    return ours.stream().mapToDouble(run -> run.number(pointer)).max().orElseThrow();
  }

  /** Returns the median over all rounds of our value divided by the peer's. */
  private double ratio(String ofOurs, String ofPeers) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < ours.size(); i++) {
      ratios.add(ours.get(i).number(ofOurs) / peers.get(i).number(ofPeers));
    }
    return median(ratios, Double::doubleValue);
  }

  /** Returns the smallest and the largest of these ratios. */
  private String range(String ofOurs, String ofPeers) {
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (int i = 0; i < ours.size(); i++) {
      double ratio = ours.get(i).number(ofOurs) / peers.get(i).number(ofPeers);
      least = Math.min(least, ratio);
      most = Math.max(most, ratio);
    }
    return String.format(Locale.ROOT, "%.2f to %.2f", least, most);
  }

  /** Prints a table row of these medians, their ratio and its range. */
  void row(String name, String ofOurs, String ofPeers) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.3f | %.3f | %.2f | %s |%n",
        name,
        ours(ofOurs),
        peers(ofPeers),
        ratio(ofOurs, ofPeers),
        range(ofOurs, ofPeers));
  }

  static <T> double median(List<T> values, ToDoubleFunction<T> number) {
    double[] sorted = values.stream().mapToDouble(number).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
