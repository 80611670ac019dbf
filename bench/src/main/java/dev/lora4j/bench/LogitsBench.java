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

  @Override
  public Integer call() throws IOException, InterruptedException {
    JsonNode peers = PeerProcess.run(peer()).report();
    float[] own = ours();
    double normaliser = logSumExp(own);
    double largest = 0;
    double squares = 0;
    for (Map.Entry<String, JsonNode> entry : peers.properties()) {
      double logProbability = own[Integer.parseInt(entry.getKey())] - normaliser;
      double difference = Math.abs(logProbability - entry.getValue().doubleValue());
      largest = Math.max(largest, difference);
      squares += difference * difference;
    }
    System.out.printf(
        Locale.ROOT,
        "log-probabilities of %d tokens: root mean square difference %.4f, largest %.4f;"
            + " standard deviation of the logits %.3f%n",
        peers.size(),
        Math.sqrt(squares / peers.size()),
        largest,
        deviation(own));
    return 0;
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

  private List<String> peer() {
    List<String> command = new ArrayList<>(List.of("node", PEER.toString()));
    command.addAll(List.of("--modules", modules.toString(), "--model", model.toString()));
    adapter.ifPresent(file -> command.addAll(List.of("--adapter", file + ".gguf")));
    String all = String.join(",", Arrays.stream(tokens).mapToObj(Long::toString).toList());
    command.addAll(List.of("--tokens", all));
    return command;
  }
}
