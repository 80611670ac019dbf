package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.PeftAdapter;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertCommandTest {
  private static final String Q = "model.layers.0.self_attn.q_proj";

  private final Path directory;
  private final Path llama;
  private final Path base;

  ConvertCommandTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    llama = directory.resolve("llama");
    base = Files.createDirectory(directory.resolve("base"));
    Files.writeString(
        base.resolve("config.json"),
        "{\"model_type\": \"llama\", \"num_attention_heads\": 4, \"num_key_value_heads\": 2}");
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(1);
      PeftAdapter.write(
          new StoredAdapter(
              LoraConfig.rank(2).alpha(6).targets(Targets.named("q_proj")),
              Map.of(
                  Q + ".lora_A.weight", torch.randn(2, 16),
                  Q + ".lora_B.weight", torch.randn(16, 2))),
          llama);
    }
  }

  @Test
  void ggufFileIsABaseLikeItsDirectory() throws IOException {
    String file = "../llm/src/test/resources/fixtures/gguf/llama3.gguf"; // 4 heads, 2 for keys
    Path byFile = directory.resolve("by-file.gguf");
    Path byDirectory = directory.resolve("by-directory.gguf");

    assertThat(convert(llama, byFile, "--model", file).err()).isEmpty();
    convert(llama, byDirectory, "--model", base.toString());

    assertThat(byFile).hasSameBinaryContentAs(byDirectory);
  }

  @Test
  void roundTripThroughEveryFormatChangesNothing() throws IOException {
    Path gguf = directory.resolve("adapter.gguf");
    Path mlx = directory.resolve("for-mlx");
    Path peft = directory.resolve("again");

    assertThat(convert(llama, gguf, "--model", base.toString()).err()).isEmpty();
    assertThat(convert(gguf, mlx, "--model", base.toString()).out())
        .contains("Converted gguf to mlx: 1 layers, 64 parameters; wrote ", " to " + mlx);
    assertThat(convert(mlx, peft).status()).isZero();

    try (PointerScope scope = new PointerScope()) {
      StoredAdapter before = StoredAdapter.read(llama);
      StoredAdapter after = StoredAdapter.read(peft);
      assertThat(after.config().scalingAt(Q)).isEqualTo(3);
      before.tensors().forEach((key, t) -> assertThat(same(after.tensor(key), t)).isTrue());
    }
  }

  private static boolean same(Tensor one, Tensor other) {
    return one.equal(other);
  }

  @Test
  void configOfAnotherRankIsRefused() throws IOException {
    Path config = llama.resolve("adapter_config.json");
    Files.writeString(config, Files.readString(config).replaceFirst("\"r\"\\s*:\\s*2", "\"r\": 4"));
    CommandLineRun run = convert(llama, directory.resolve("for-mlx"));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains(
            "1 lora_A matrices have another rank than adapter_config.json",
            "q_proj.lora_A.weight has 2, the config 4");
  }

  @Test
  void optionsSetFormatAndDataType() throws IOException {
    Path out = directory.resolve("out");

    CommandLineRun run = convert(llama, out, "--to", "mlx", "--dtype", "float16", "--json");

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/from").asText()).isEqualTo("peft");
    assertThat(json.at("/to").asText()).isEqualTo("mlx");
    assertThat(json.at("/layers").asInt()).isEqualTo(1);
    try (SafetensorsFile file = SafetensorsFile.open(out.resolve("adapters.safetensors"))) {
      assertThat(file.dtype(Q + ".lora_a")).isEqualTo(DType.F16);
    }
  }

  @Test
  void adapterThatTheFormatCannotExpressIsRefused() {
    Path dora = SavedConvNet.adapter(directory.resolve("dora"), LoraConfig.rank(2).dora(true), 1);

    assertMistake("can't express use_dora", dora, "x.gguf", "--model", base.toString());
    assertMistake(
        "takes no adapter at fc1",
        SavedConvNet.adapter(directory.resolve("net"), LoraConfig.rank(2), 1),
        "y.gguf",
        "--model",
        base.toString());
    assertMistake("give the base (--model)", llama, "z.gguf");
  }

  @Test
  void llamaAdapterInGgufWithoutABaseIsRefused() {
    Path gguf = directory.resolve("adapter.gguf");
    convert(llama, gguf, "--model", base.toString());

    assertMistake("head by head; give the base (--model)", gguf, "out");
  }

  @Test
  void badInputIsReportedInASentence() throws IOException {
    assertMistake("no adapter format 'mxl'; did you mean mlx?", llama, "out", "--to", "mxl");
    assertMistake("unknown data type 'f23'", llama, "out", "--dtype", "f23");
    assertMistake("is the name of a GGUF file", llama, "out.gguf", "--to", "peft");
    assertMistake("there is no such file", directory.resolve("gone"), "out");
    Path text = Files.writeString(directory.resolve("text.txt"), "text");
    assertMistake("is a file; an adapter is a PEFT or mlx-lm directory", text, "out");
    Path damaged = Files.writeString(directory.resolve("damaged.gguf"), "not one");
    assertMistake(damaged.toString(), damaged, "out");
    Files.writeString(directory.resolve("there.gguf"), "mine");
    assertMistake("it already exists", llama, "there.gguf", "--model", base.toString());
    assertMistake("it is not empty", llama, "base");
  }

  private void assertMistake(String message, Path from, String out, String... options) {
    CommandLineRun run = convert(from, directory.resolve(out), options);

    assertThat(run.err()).startsWith("lora: ").contains(message).doesNotContain("\tat ");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
  }

  private static CommandLineRun convert(Path from, Path out, String... options) {
    String[] arguments = new String[options.length + 3];
    arguments[0] = "convert";
    arguments[1] = from.toString();
    arguments[2] = out.toString();
    System.arraycopy(options, 0, arguments, 3, options.length);
    return CommandLineRun.of(arguments);
  }
}
