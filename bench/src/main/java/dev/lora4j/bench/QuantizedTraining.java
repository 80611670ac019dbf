package dev.lora4j.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.bench.PeerProcess.Run;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;

/**
 * The training part of {@link QuantizedBench}: speed and memory on quantised bases against float32,
 * and against PEFT on the same NF4 checkpoint.
 */
final class QuantizedTraining {
  private static final Path PEER = Path.of("bench", "peers", "train_bitsandbytes.py");
  private static final List<String> STORES = List.of("nf4", "int8", "q8_0", "q4_0");

  private final String python;
  private final int rounds;

  QuantizedTraining(String python, int rounds) {
    this.python = python;
    this.rounds = rounds;
  }

  /**
   * Compares the stores of one model with float32, on steps of 4 × 256 tokens.
   *
   * @param model one that is not quantised
   */
  void compareStores(Path model) throws IOException, InterruptedException {
    System.out.println("| weights | tokens/s | of float32 | weights, MB | of float32 | peak, MB |");
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    List<String> dense = ours(model, QuantizedTrainingRun.FLOAT32);
    for (String store : STORES) {
      Pairs pairs = Pairs.run(rounds, ours(model, store), dense);
      double rate = pairs.ours("/tokens_per_s");
      double weights = pairs.ours("/weights_mb");
      System.out.printf(
          Locale.ROOT,
          "| %s | %.1f | %.2f | %.0f | %.3f | %.0f |%n",
          store,
          rate,
          rate / pairs.peers("/tokens_per_s"),
          weights,
          weights / pairs.peers("/weights_mb"),
          pairs.ours("/peak_rss_mb"));
    }
  }

  /** Trains on 1 × tokens with gradient checkpointing, and prints speed and peak memory. */
  void trainLarge(Path model, int tokens) throws IOException, InterruptedException {
    List<String> command = ours(model, QuantizedTrainingRun.AS_STORED);
    command.addAll(
        List.of(
            "--batch-size=1", "--seq-length=" + tokens, "--steps=3", "--gradient-checkpointing"));
    Run run = PeerProcess.run(command);
    System.out.printf(
        Locale.ROOT,
        "%s, 1 × %d, gradient checkpointing: %.1f tokens/s, weights %.0f MB, peak %.0f MB%n",
        model.getFileName(),
        tokens,
        run.number("/tokens_per_s"),
        run.number("/weights_mb"),
        run.number("/peak_rss_mb"));
  }

  /** Trains from the same adapter on the same NF4 checkpoint and tokens as PEFT. */
  void compareWithPeft(Path scratch) throws IOException, InterruptedException {
    Path checkpoint = scratch.resolve("nf4");
    new ProcessBuilder(python, PEER.toString(), "make", checkpoint.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
    List<String> peer =
        List.of(python, PEER.toString(), "train", checkpoint.toString(), scratch.toString());
    Run theirs = PeerProcess.run(peer);
    List<String> command = ours(checkpoint, QuantizedTrainingRun.AS_STORED);
    command.addAll(
        List.of(
            "--steps=20",
            "--adapter=" + scratch.resolve("adapter"),
            "--tokens=" + scratch.resolve("tokens.json")));
    Run own = PeerProcess.run(command);
    System.out.println("| NF4 checkpoint, 4 × 256 | lora4j | PEFT | ratio |");
    System.out.println("| --- | --- | --- | --- |");
    row("tokens/s", own, theirs, "/tokens_per_s");
    row("peak memory in MB", own, theirs, "/peak_rss_mb");
    System.out.printf(
        Locale.ROOT,
        "Largest difference of the losses of 20 steps: %.1e%n",
        largestDifference(own.report().at("/losses"), theirs.report().at("/losses")));
  }

  private static void row(String name, Run own, Run theirs, String pointer) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.1f | %.1f | %.2f |%n",
        name,
        own.number(pointer),
        theirs.number(pointer),
        own.number(pointer) / theirs.number(pointer));
  }

  private static double largestDifference(JsonNode own, JsonNode theirs) {
    double[] a = numbers(own);
    double[] b = numbers(theirs);
    if (a.length == 0 || a.length != b.length) {
      throw new IllegalStateException(a.length + " losses against " + b.length);
    }
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private static double[] numbers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::doubleValue)
        .toArray();
  }

  private static List<String> ours(Path model, String weights) {
    List<String> command = OwnProcess.command("quantized-training-own", OwnProcess.SMALL_HEAP);
    command.addAll(List.of("--model=" + model, "--weights=" + weights));
    return command;
  }
}
