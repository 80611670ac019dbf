package dev.lora4j.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.decode.Decoder;
import dev.lora4j.llm.decode.Prefill;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntToDoubleFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of logits with llama.cpp's, on a GGUF file and perhaps an adapter for it. */
@Command(
    name = "logits",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares the log-probabilities of the 64 likeliest next tokens after some tokens, of which"
            + " the last is decoded and the others are a prompt, with llama.cpp's.")
final class LogitsBench implements Callable<Integer> {
  private static final Path PEER = Path.of("bench", "peers", "logits_llama_cpp.mjs");
  private static final Path EXACT = Path.of("bench", "peers", "logits_exact.py");

  @Option(names = "--model", description = "GGUF file.", required = true)
  private Path model = Path.of("");

  @Option(
      names = "--adapter",
      description =
          "Directory of a PEFT adapter; ADAPTER.gguf beside it, from lora convert, is llama.cpp's.")
  private Optional<Path> adapter = Optional.empty();

  @Option(names = "--node-modules", description = "Where node-llama-cpp is.", required = true)
  private Path modules = Path.of("");

  @Option(names = "--tokens", split = ",", description = "The tokens.", required = true)
  private long[] tokens = {};

  @Option(
      names = "--python",
      description =
          "Python interpreter with gguf and transformers, to compare both with a Llama in float64,"
              + " without an adapter; not compared without it.")
  private Optional<String> python = Optional.empty();

  @Override
  public Integer call() throws IOException, InterruptedException {
    JsonNode peers = PeerProcess.run(peer()).report();
    float[] own = ours();
    double normaliser = logSumExp(own);
    report("lora4j and llama.cpp", peers, token -> own[token] - normaliser);
    System.out.printf(Locale.ROOT, "standard deviation of the logits %.3f%n", deviation(own));
    if (python.isPresent() && adapter.isEmpty()) {
      JsonNode exact = PeerProcess.run(exact(python.get())).report();
      report("lora4j and float64", exact, token -> own[token] - normaliser);
      report("llama.cpp and float64", exact, token -> peers.path("" + token).asDouble(Double.NaN));
    }
    return 0;
  }

  /** Prints the differences on the tokens that both have. */
  private static void report(String names, JsonNode expected, IntToDoubleFunction actual) {
    double largest = 0;
    double squares = 0;
    int count = 0;
    for (Map.Entry<String, JsonNode> entry : expected.properties()) {
      double logProbability = actual.applyAsDouble(Integer.parseInt(entry.getKey()));
      if (!Double.isNaN(logProbability)) {
        double difference = Math.abs(logProbability - entry.getValue().doubleValue());
        largest = Math.max(largest, difference);
        squares += difference * difference;
        count++;
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%s, log-probabilities of %d tokens: root mean square difference %.6f, largest %.6f%n",
        names,
        count,
        Math.sqrt(squares / count),
        largest);
  }

  private float[] ours() {
    try (ChatModel chat = ChatModel.open(model)) {
      adapter.ifPresent(
          file -> {
            chat.load("adapter", file, BaseCheck.ANY_BASE);
            chat.activate(List.of("adapter"));
          });
      try (PointerScope scope = new PointerScope();
          KeyValueCache cache = chat.network().newCache()) {
        long[] prompt = Arrays.copyOf(tokens, tokens.length - 1);
        Tensor ignored = Prefill.read(chat.network(), prompt, cache);
        ignored.close();
        try (Decoder decoder = Decoder.of(chat.network(), cache).orElseThrow()) {
          return Ops.floats(decoder.step(tokens[tokens.length - 1]));
        }
      }
    }
  }

  private static double logSumExp(float... values) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      largest = Math.max(largest, value);
    }
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - largest);
    }
    return largest + Math.log(sum);
  }

  private static double deviation(float... values) {
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / values.length;
    return Math.sqrt(squares / values.length - mean * mean);
  }

  private List<String> exact(String interpreter) {
    return List.of(
        interpreter, EXACT.toString(), "--model", model.toString(), "--tokens", joinedTokens());
  }

  private String joinedTokens() {
    return String.join(",", Arrays.stream(tokens).mapToObj(Long::toString).toList());
  }

  private List<String> peer() {
    List<String> command = new ArrayList<>(List.of("node", PEER.toString()));
    command.addAll(List.of("--modules", modules.toString(), "--model", model.toString()));
    adapter.ifPresent(file -> command.addAll(List.of("--adapter", file + ".gguf")));
    command.addAll(List.of("--tokens", joinedTokens()));
    return command;
  }
}
