package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoCommandTest {
  private final Path data;
  private final Path out;

  DemoCommandTest(@TempDir Path directory) {
    data = directory.resolve("pictures");
    out = directory.resolve("report");
  }

  @BeforeEach
  void draw() throws IOException {
    Pictures.write(data, 12, 4);
  }

  private CommandLineRun demo(String... more) {
    List<String> arguments = new ArrayList<>(List.of("demo", "--data", data.toString()));
    arguments.addAll(List.of("--out", out.toString()));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  @Test
  void runTrainsAdaptsComparesAndSaves() {
    CommandLineRun run = demo("--workers", "2");

    assertThat(run.err()).doesNotContain("lora:");
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("48 training images and 16 test images")
        .contains("- conv1.weight of size torch.Size([6, 3, 5, 5]) -> trainable")
        .contains("Replaced fc1 with LoRALinear layer.")
        .contains("- fc1.A.weight of size torch.Size([4, 400]) -> trainable")
        .contains("Fine-tuning the adapter on bird, cat, dog: 36 images")
        .contains("fc3.B.weight has all zero weights: False")
        .contains("Adapter disabled: outputs equal those of the base bit for bit: True");
    assertThat(out.resolve("report.html")).isNotEmptyFile();
    assertThat(out.resolve("base.safetensors")).isNotEmptyFile();
    assertThat(out.resolve("adapter/adapter_model.safetensors")).isNotEmptyFile();
    assertThat(out.resolve("adapter/adapter_config.json")).isNotEmptyFile();
  }

  @Test
  void jsonGoesToStandardOutputAndMessagesToStandardError() throws IOException {
    CommandLineRun run = demo("--json", "--seed", "3", "--workers", "1", "--classes", "cat");

    assertThat(run.out().strip().lines()).hasSize(1);
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "before",
            "after",
            "parameters",
            "seconds",
            "steps_per_s",
            "adapter_bytes",
            "peak_rss_mb",
            "workers",
            "seed");
    assertThat(json.at("/before/classes").fieldNames())
        .toIterable()
        .containsExactlyElementsOf(Pictures.CLASSES);
    assertThat(json.at("/seconds").fieldNames())
        .toIterable()
        .containsExactly("load", "base", "lora", "total");
    assertThat(json.at("/parameters/trainable").asLong()).isEqualTo(3248);
    assertThat(json.at("/adapter_bytes").asLong()).isBetween(13_000L, 16_000L);
    assertThat(json.at("/workers").asInt()).isOne();
    assertThat(json.at("/seed").asInt()).isEqualTo(3);
    assertThat(run.err()).contains("Replaced fc1 with LoRALinear layer.");
  }

  @Test
  void sameSeedAndWorkersGiveTheSameAdapterBitForBit() throws IOException {
    demo("--workers", "2", "--seed", "5");
    byte[] first = Files.readAllBytes(out.resolve("adapter/adapter_model.safetensors"));
    demo("--workers", "2", "--seed", "5");

    assertThat(out.resolve("adapter/adapter_model.safetensors")).hasBinaryContent(first);
  }

  // ---- bad input: a sentence, status 2, no stack trace ----

  private static void assertMistake(CommandLineRun run, String... sentences) {
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(sentences).doesNotContain("\tat ").doesNotContain("bug");
  }

  @Test
  void unknownClassSuggestsTheNearest() {
    assertMistake(demo("--classes", "bird,catt"), "catt", "did you mean cat?");
  }

  @Test
  void rankZeroIsRefused() {
    assertMistake(demo("--rank", "0"), "--rank must be at least 1, found 0");
  }

  @Test
  void negativeLearningRateIsRefused() {
    assertMistake(demo("--lr", "-1"), "--learning-rate must be above 0, found -1");
  }

  @Test
  void missingDataSuggestsTheNearestName() {
    assertMistake(
        CommandLineRun.of("demo", "--data", "sythetic", "--out", out.toString()),
        "sythetic",
        "did you mean synthetic");
  }

  @Test
  void classWithoutImagesIsRefused() throws IOException {
    Files.createDirectories(data.resolve("train/toad"));
    Files.createDirectories(data.resolve("test/toad"));

    assertMistake(demo(), "toad");
  }

  @Test
  void undecodableImageIsNamedAndCounted() throws IOException {
    Files.writeString(data.resolve("train/cat/broken.png"), "no picture", StandardCharsets.UTF_8);

    CommandLineRun run = demo();

    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Warning: skipped 1 image").contains("broken.png");
  }

  @Test
  void outputPathThatIsAFileIsRefused() throws IOException {
    Files.writeString(out, "a file is in the way", StandardCharsets.UTF_8);

    assertMistake(demo(), "--out");
  }

  @Test
  void unknownDeviceIsRefused() {
    assertMistake(demo("--device", "gpu"), "no device 'gpu'");
  }

  @Test
  void nonFiniteLossEndsTheRunWithStatusOne() {
    CommandLineRun run = demo("--lr", "1e30");

    assertThat(run.status()).isOne();
    assertThat(run.err()).contains("try a lower learning rate").doesNotContain("\tat ");
  }
}
