package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.cli.options.ByteSize;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MergeCommandTest {
  private final Path directory;
  private final Path base;
  private final Path adapter;

  MergeCommandTest(@TempDir Path directory) {
    this.directory = directory;
    base = SavedConvNet.base(directory.resolve("net.safetensors"));
    adapter = SavedConvNet.adapter(directory.resolve("adapter"), LoraConfig.rank(2).alpha(4), 1);
  }

  @Test
  void mergeReportsTheChanges() {
    Path out = directory.resolve("merged.safetensors");

    CommandLineRun run = merge("--out", out.toString());

    assertThat(run.status()).isZero();
    assertThat(run.out().lines()).hasSize(2);
    assertThat(run.out())
        .containsPattern("Largest change \\S+, in fc\\d.weight; at most 0.0 % of a tensor's change")
        .containsPattern("Changed 3 of 12 tensors; wrote \\S+ kB to " + out + " in \\S+ s");
    assertThat(run.err()).contains("merge: ");
    assertThat(out).exists();
    CommandLineRun verbose = merge("--out", directory.resolve("again").toString(), "--verbose");
    assertThat(verbose.out())
        .contains("largest change", "fc1.weight", "fc2.weight", "fc3.weight")
        .containsPattern("Changed 3 of 12 tensors");
  }

  @Test
  void maxShardSizeSplitsTheWeights() throws IOException {
    Path out = directory.resolve("merged");

    CommandLineRun run =
        merge("--out", out.toString(), "--max-shard-size", "100kB", "--dtype", "bf16", "--json");

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/changes")).hasSize(3);
    assertThat(json.at("/changes/0/rounding").asDouble()).isPositive();
    assertThat(out.resolve("model.safetensors.index.json")).exists();
  }

  @Test
  void unmergeReportsTheRounding() {
    Path merged = directory.resolve("merged.safetensors");
    merge("--out", merged.toString());

    CommandLineRun run =
        CommandLineRun.of(
            "unmerge",
            "--model",
            merged.toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            directory.resolve("again.safetensors").toString());

    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Note: not the base bit for bit");
  }

  @Test
  void existingFileIsNotOverwritten() throws IOException {
    byte[] before = Files.readAllBytes(base);

    CommandLineRun run = merge("--out", base.toString());

    assertMistake(run, "cannot write " + base + ": there is a file of that name");
    assertThat(Files.readAllBytes(base)).isEqualTo(before);
  }

  @Test
  void badInputIsReportedInASentence() throws IOException {
    String out = directory.resolve("out").toString();
    assertMistake(merge("--out", out, "--dtype", "bfloat61"), "did you mean bfloat16");
    assertMistake(merge("--out", out, "--max-shard-size", "lots"), "'lots' is not a size");
    assertMistake(merge("--out", out, "--max-shard-size", "0"), "at least one byte");
    assertMistake(merge(), "--out");
    Path gone = directory.resolve("gone");
    assertMistake(
        CommandLineRun.of(
            "merge", "--model", base.toString(), "--adapter", gone.toString(), "--out", out),
        "no adapter in " + gone);

    Files.writeString(directory.resolve("bad.safetensors"), "no header", StandardCharsets.UTF_8);
    assertMistake(
        CommandLineRun.of(
            "merge",
            "--model",
            directory.resolve("bad.safetensors").toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            out),
        "is it a safetensors file?");
  }

  @Test
  void adapterOfAnotherBaseIsRefusedWithAPointerToDoctor() {
    CommandLineRun run =
        CommandLineRun.of(
            "merge",
            "--model",
            adapter.resolve("adapter_model.safetensors").toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            directory.resolve("out").toString());

    assertMistake(run, "does not fit the base; 'lora doctor' says why");
  }

  @ParameterizedTest
  @CsvSource({"5GB,5000000000", "500MB,500000000", "1.5kB,1500", "7,7", "12 b,12"})
  void sizeIsInPowersOfAThousand(String size, long bytes) {
    assertThat(ByteSize.parse(size)).isEqualTo(bytes);
  }

  private CommandLineRun merge(String... options) {
    String[] arguments = new String[options.length + 5];
    String[] fixed = {"merge", "--model", base.toString(), "--adapter", adapter.toString()};
    System.arraycopy(fixed, 0, arguments, 0, fixed.length);
    System.arraycopy(options, 0, arguments, fixed.length, options.length);
    return CommandLineRun.of(arguments);
  }

  private static void assertMistake(CommandLineRun run, String message) {
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
  }
}
