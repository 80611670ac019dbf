package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every command that loads an adapter onto a base gives the same verdict. */
class AdapterVerdictTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).targets(Targets.named("q_proj", "down_proj"));

  private final Path directory;
  private final Path base;
  private final Path data;

  AdapterVerdictTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    base = SmallLanguageModel.write(directory.resolve("base"));
    data = SmallLanguageModel.chats(directory.resolve("data.jsonl"), 4);
  }

  /** An adapter and a base, with the verdict of every command. */
  enum Case {
    PLAIN(""),
    TIED_SAVED_HEAD(""),
    TIED_SAVED_EMBEDDING(""),
    ENSURED_SAVED_MODULES(""),
    ENSURED_TARGETS(""),
    OTHER_PREFIX(""),
    ADAPTER_OF_GGUF_ON_ITS_DIRECTORY(""),
    ADAPTER_OF_DIRECTORY_ON_ITS_GGUF(""),
    ADAPTER_OF_DIRECTORY_ON_ITS_ROUNDED_COPY(""),
    ADAPTER_BELOW("there is one in "),
    OTHER_VALUES("was trained on another base"),
    OTHER_VOCABULARY("lora resize");

    private final String refusal; // empty if the adapter fits

    Case(String refusal) {
      this.refusal = refusal;
    }
  }

  private record Pair(Path model, Path adapter) {}

  @ParameterizedTest
  @EnumSource(Case.class)
  void allCommandsAgree(Case one) throws IOException {
    Pair pair = pair(one);
    String model = pair.model.toString();
    String adapter = pair.adapter.toString();
    Map<String, String[]> commands = new LinkedHashMap<>();
    commands.put("doctor", new String[] {"doctor", model, adapter});
    commands.put("eval", joined("eval", model, adapter, "--data", data.toString()));
    commands.put(
        "generate", joined("generate", model, adapter, "--prompt", "A", "--max-new-tokens", "2"));
    commands.put("merge", joined("merge", model, adapter, "--out", out("merged")));
    commands.put(
        "train",
        joined("train", model, adapter, "--data", data.toString(), "--steps=1", "--out", out("b")));

    commands.forEach(
        (name, arguments) -> {
          CommandLineRun run = CommandLineRun.of(arguments);
          String said = run.out() + run.err();
          assertThat(run.status() == 0).as(name + ": " + said).isEqualTo(one.refusal.isEmpty());
          assertThat(said).as(name).contains(one.refusal).doesNotContain("\tat ");
        });
  }

  private String out(String name) {
    return directory.resolve(name).toString();
  }

  private static String[] joined(String command, String model, String adapter, String... more) {
    String[] all = new String[5 + more.length];
    System.arraycopy(new String[] {command, "--model", model, "--adapter", adapter}, 0, all, 0, 5);
    System.arraycopy(more, 0, all, 5, more.length);
    return all;
  }

  private Pair pair(Case one) throws IOException {
    Path adapter = directory.resolve("adapter");
    Path gguf = directory.resolve("base.gguf");
    Path converted = directory.resolve("converted");
    return switch (one) {
      case PLAIN -> new Pair(base, trained(base, CONFIG, adapter));
      case TIED_SAVED_HEAD ->
          new Pair(base, trained(base, CONFIG.modulesToSave("lm_head"), adapter));
      case TIED_SAVED_EMBEDDING ->
          new Pair(base, trained(base, CONFIG.modulesToSave("embed_tokens"), adapter));
      case ENSURED_SAVED_MODULES ->
          new Pair(
              base,
              trained(
                  base,
                  CONFIG.modulesToSave("embed_tokens", "lm_head").ensureWeightTying(true),
                  adapter));
      case ENSURED_TARGETS ->
          new Pair(
              base,
              trained(
                  base,
                  CONFIG.targets(Targets.named("q_proj", "lm_head")).ensureWeightTying(true),
                  adapter));
      case OTHER_PREFIX -> new Pair(base, prefixed(trained(base, CONFIG, adapter)));
      case ADAPTER_OF_GGUF_ON_ITS_DIRECTORY -> {
        GgufExport.run(base, gguf, GgmlType.Q8_0);
        GgufConversion.run(gguf, converted, SaveOptions.oneFile(), bytes -> {});
        yield new Pair(converted, trained(gguf, CONFIG, adapter));
      }
      case ADAPTER_OF_DIRECTORY_ON_ITS_GGUF -> {
        GgufExport.run(base, gguf, GgmlType.F16);
        yield new Pair(gguf, trained(base, CONFIG, adapter));
      }
      case ADAPTER_OF_DIRECTORY_ON_ITS_ROUNDED_COPY -> {
        try (Pretrained exact = Pretrained.load(base)) {
          exact.save(converted, new SaveOptions(Optional.of(DType.BF16), Long.MAX_VALUE));
        }
        yield new Pair(converted, trained(base, CONFIG, adapter));
      }
      case ADAPTER_BELOW -> {
        trained(base, CONFIG, adapter.resolve("checkpoint-500"));
        yield new Pair(base, adapter);
      }
      case OTHER_VALUES -> {
        trained(base, CONFIG, adapter);
        try (PointerScope scope = new PointerScope();
            NoGradGuard guard = new NoGradGuard();
            Pretrained other = Pretrained.load(base)) {
          norm(other).value().view(-1).narrow(0, 0, 1).add_(Ops.ONE);
          other.save(converted);
        }
        yield new Pair(converted, adapter);
      }
      case OTHER_VOCABULARY -> {
        Path larger = SmallLanguageModel.write(directory.resolve("larger"), 604);
        yield new Pair(base, trained(larger, CONFIG.modulesToSave("lm_head"), adapter));
      }
    };
  }

  private static Parameter norm(Pretrained model) {
    return Objects.requireNonNull(model.model().namedParameters().get("model.norm.weight"));
  }

  /** Saves an adapter of random values. */
  private static Path trained(Path model, LoraConfig config, Path adapter) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained loaded = Pretrained.load(model)) {
      LoraModel adapted = Lora.adapt(loaded.model(), config);
      adapted.parameters("default").forEach(p -> p.value().normal_(0, 0.05, null));
      adapted.save("default", adapter);
    }
    return adapter;
  }

  /** Renames the tensors to those of a multimodal class that torch.compile wrapped. */
  private static Path prefixed(Path adapter) {
    Path file = adapter.resolve("adapter_model.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (PointerScope scope = new PointerScope()) {
      try (SafetensorsFile saved = SafetensorsFile.open(file)) {
        saved
            .names()
            .forEach(
                name ->
                    tensors.put(
                        name.replace(
                            "base_model.model.model.",
                            "base_model.model._orig_mod.model.language_model."),
                        saved.read(name)));
      }
      SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    }
    return adapter;
  }
}
