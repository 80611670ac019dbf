package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.vision.ConvNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InfoCommandTest {
  private static final Path CORE = Path.of("../core/src/test/resources/fixtures");
  private static final Path PICKLED = Path.of("../llm/src/test/resources/fixtures/pickled");
  private static final Path MODELS = Path.of("../llm/src/test/resources/fixtures");

  private final Path directory;

  InfoCommandTest(@TempDir Path directory) {
    this.directory = directory;
    try (ConvNet net = new ConvNet()) {
      Lora.adapt(net, LoraConfig.rank(4).alpha(8)).save("default", directory);
    }
  }

  @Test
  void adapterDirectoryIsListed() {
    CommandLineRun run = CommandLineRun.of("info", directory.toString());

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("LoRA adapter: rank 4, alpha 8.0, scaling 2.0, targets fc1, fc2, fc3")
        .contains("- base_model.model.fc1.lora_A.weight F32 [4, 400]")
        .contains("6 tensors, 3,272 parameters, 13,088 bytes");
  }

  @Test
  void safetensorsFileIsListedAsJson() throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            "info", "--json", directory.resolve("adapter_model.safetensors").toString());

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/parameters").asInt()).isEqualTo(3272);
    assertThat(json.at("/tensors")).hasSize(6);
    assertThat(json.has("adapter")).isFalse();
  }

  @Test
  void modelInPickleFilesIsListed() {
    for (String path : new String[] {"gpt2", "gpt2/pytorch_model.bin"}) {
      CommandLineRun run = CommandLineRun.of("info", PICKLED.resolve(path).toString());

      assertThat(run.status()).isZero();
      assertThat(run.out()).contains("lm_head.weight F32 [96, 32]").contains("29 tensors");
    }
  }

  @Test
  void pickleThatCallsCodeIsRefused() {
    CommandLineRun run = CommandLineRun.of("info", CORE.resolve("torch/evil.bin").toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("evil.bin: asks to call posix.system").doesNotContain("at dev.");
  }

  @Test
  void adapterInABinFileIsListed() throws IOException {
    Path old = Files.createDirectory(directory.resolve("old"));
    Files.copy(CORE.resolve("torch/adapter_model.bin"), old.resolve("adapter_model.bin"));
    Files.copy(directory.resolve("adapter_config.json"), old.resolve("adapter_config.json"));

    CommandLineRun run = CommandLineRun.of("info", old.toString());

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("LoRA adapter: rank 4", "lora_A.weight F32 [");
    JsonNode json = json("info", "--json", old.toString());
    assertThat(json.at("/tensors").size()).isPositive();
    assertThat(json.at("/adapter/rank").asInt()).isEqualTo(4);
  }

  @Test
  void mlxAdapterIsListed() throws IOException {
    String mlx = CORE.resolve("mlx/lora").toString();

    CommandLineRun run = CommandLineRun.of("info", mlx);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("LoRA adapter: rank ", "lora_a F32 [");
    assertThat(json("info", "--json", mlx).at("/parameters").asInt()).isPositive();
  }

  @Test
  void ggufModelIsListed() throws IOException {
    String file = MODELS.resolve("gguf/tokenizer_smollm2.gguf").toString();

    CommandLineRun run = CommandLineRun.of("info", file);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .startsWith("GGUF model: llama")
        .contains("  llama.context_length: 512", "  tokenizer.ggml.tokens: 548 × text")
        .contains("  tokenizer.chat_template: {% for m in messages %}")
        .contains("- token_embd.weight F16 [548, 4]", "- blk.0.attn_q.weight F32 [4, 4]")
        .contains("11 tensors, 2,316 parameters", "F16: 1 tensors", "F32: 10 tensors")
        .contains("characters)");
    JsonNode json = json("info", "--json", file);
    assertThat(json.at("/gguf/architecture").asText()).isEqualTo("llama");
    assertThat(json.at("/gguf/metadata/llama.context_length").asInt()).isEqualTo(512);
    assertThat(json.at("/gguf/metadata/tokenizer.ggml.tokens/count").asInt()).isEqualTo(548);
    assertThat(json.at("/gguf/metadata/tokenizer.chat_template").asText()).endsWith("endfor %}");
    assertThat(json.at("/gguf/formats/F16/bytes").asInt()).isEqualTo(2 * 4 * 548);
    assertThat(json.at("/tensors")).hasSize(11);
  }

  @Test
  void quantisedFormatsAreListedWithTheirBytes() throws IOException {
    String file = CORE.resolve("gguf/tensors.gguf").toString();
    JsonNode formats = json("info", "--json", file).at("/gguf/formats");
    assertThat(formats.has("Q4_K")).isTrue();
    assertThat(formats.at("/Q4_K/bytes").asLong() % 144).isZero();
  }

  @Test
  void modelOfBitsandbytesIsListedWithItsParametersNotItsBytes() throws IOException {
    String nested = MODELS.resolve("bitsandbytes/nf4-double").toString();

    CommandLineRun run = CommandLineRun.of("info", nested);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .startsWith(
            "bitsandbytes nf4, blocks of 64, double quantisation with blocks of 256 scales:"
                + " 8 weights, 98,304 parameters")
        .contains("- transformer.h.0-1.mlp.c_fc.weight nf4 [64, 256] × 2")
        .doesNotContain("absmax", "quant_map", "quant_state");
    JsonNode json = json("info", "--json", nested);
    assertThat(json.at("/quantization/0/type").asText()).isEqualTo("nf4");
    assertThat(json.at("/quantization/0/block_size").asInt()).isEqualTo(64);
    assertThat(json.at("/quantization/0/double_quant").asBoolean()).isTrue();
    assertThat(json.at("/quantization/0/nested_block_size").asInt()).isEqualTo(256);
    assertThat(json.at("/parameters").asLong()).isEqualTo(parametersOf("nf4-double"));
    assertThat(json.at("/bytes").asLong()).isEqualTo(108_886);
  }

  @ParameterizedTest
  @CsvSource({
    "nf4, 'nf4, blocks of 64: 14 weights, 73,728 parameters'",
    "nf4-bf16-storage, 'nf4, blocks of '",
    "fp4, 'fp4, blocks of '",
    "int8, 'int8, a scale for each row: 14 weights, 73,728 parameters'"
  })
  void storageOfBitsandbytesIsNamed(String name, String expected) throws IOException {
    String model = MODELS.resolve("bitsandbytes").resolve(name).toString();

    assertThat(CommandLineRun.of("info", model).out())
        .startsWith("bitsandbytes " + expected)
        .doesNotContain("SCB", "weight_format");
    assertThat(json("info", "--json", model).at("/parameters").asLong())
        .isEqualTo(parametersOf(name));
  }

  private long parametersOf(String name) throws IOException {
    Path dense = directory.resolve("dense-" + name);
    String model = MODELS.resolve("bitsandbytes").resolve(name).toString();
    return json("convert", "--json", model, dense.toString()).at("/parameters").asLong();
  }

  @Test
  void ggufAdapterIsListed() throws IOException {
    CommandLineRun run = CommandLineRun.of("info", CORE.resolve("gguf/adapter.gguf").toString());

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("GGUF adapter: ").contains("adapter.lora.alpha: ", "lora_a");
  }

  private static JsonNode json(String... arguments) throws IOException {
    CommandLineRun run = CommandLineRun.of(arguments);
    assertThat(run.status()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  @Test
  void emptyDirectoryIsRefused() throws IOException {
    Path empty = Files.createDirectory(directory.resolve("empty"));

    CommandLineRun run = CommandLineRun.of("info", empty.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("lora: no saved model in " + empty);
  }

  @Test
  void damagedFileIsNamed() throws IOException {
    Path file = directory.resolve("damaged.safetensors");
    Files.writeString(file, "not a header", StandardCharsets.UTF_8);

    CommandLineRun run = CommandLineRun.of("info", file.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(file.toString()).doesNotContain("\tat ");
  }
}
