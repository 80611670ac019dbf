package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

/** The tables of comparisons with PEFT have the counts of the tests. */
class PeftCountTest {
  private static final Map<String, String> NETWORKS = new LinkedHashMap<>();

  static {
    NETWORKS.put("mlp", "perceptron");
    NETWORKS.put("convs", "convolutions");
    NETWORKS.put("embedding", "embedding classifier");
    NETWORKS.put("gpt2block", "GPT-2's block");
    NETWORKS.put("moe", "experts (raw parameters)");
  }

  @Test
  void docsCountTheComparedCases() throws IOException {
    StringBuilder table =
        new StringBuilder(
            """
            | network | adapters | pairs of active adapters | combinations |
            | --- | --- | --- | --- |
            """);
    int[] sums = new int[3];
    for (Map.Entry<String, String> network : NETWORKS.entrySet()) {
      Predicate<String> here = name -> isOf(network.getKey(), name);
      int[] counts = {
        count(PeftMatrixTest.cases().filter(here).filter(PeftCountTest::isCompared)),
        count(PeftMatrixTest.pairs().filter(here)),
        count(PeftCombinedTest.comparable().filter(here))
            + count(PeftCombinedTest.random().filter(here))
      };
      table.append(row(network.getValue(), counts));
      for (int i = 0; i < sums.length; i++) {
        sums[i] += counts[i];
      }
    }
    table.append(row("all", sums));

    assertThat(Files.readString(Path.of("..", "docs", "correctness.md"))).contains(table);
    assertThat(Files.readString(Path.of("..", "README.md")))
        .contains("%d adapters and %d combinations".formatted(sums[0], sums[2]));
  }

  private static String row(String name, int... counts) {
    return "| %s | %d | %d | %d |%n"
        .formatted(name, counts[0], counts[1], counts[2])
        .replace(System.lineSeparator(), "\n");
  }

  private static int count(Stream<String> names) {
    return Math.toIntExact(names.count());
  }

  private static boolean isCompared(String name) {
    try (PointerScope scope = new PointerScope()) {
      return !PeftMatrixTest.isRefused(Fixture.read("peft/" + name + ".safetensors"));
    }
  }

  private static boolean isOf(String network, String name) {
    return name.replaceFirst("^(active|combined)-", "").startsWith(network + "-");
  }
}
