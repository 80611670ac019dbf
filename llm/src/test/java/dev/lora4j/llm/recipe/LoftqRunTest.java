package dev.lora4j.llm.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.PythonPeer;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.checkpoint.OriginalCheckpoint;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.BitsAndBytesExport;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.SavedForm;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * LoftQ from training to PEFT: {@code tools/check_with_transformers.py} loads the files with
 * transformers, bitsandbytes and PEFT. Its logits are equal to 1e-4, the tensors of its conversion
 * exactly.
 */
class LoftqRunTest {
  private static final int CHATS = 12;
  private static final int LENGTH = 24;

  @TempDir Path directory;
  private final PointerScope scope = new PointerScope();
  private Path base = Path.of("");

  @BeforeEach
  void model() {
    base = SavedTextModel.wide(directory.resolve("base"));
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static LoraConfig loftq(int iterations) {
    return LoraConfig.rank(4)
        .alpha(6)
        .targets(Targets.everyLinear())
        .initialization(new Initialization.Loftq().iterations(iterations));
  }

  private Path trained(Quantization to, int iterations) throws IOException {
    Path data = Files.writeString(directory.resolve("chats.jsonl"), chats());
    Path adapter = directory.resolve("adapter");
    FineTuneRecipe.of(base.toString())
        .quantize(to)
        .lora(loftq(iterations))
        .data(data)
        .settings(longest -> TrainingArguments.of(1e-2).epochs(2))
        .workers(1)
        .run(adapter);
    return adapter;
  }

  private static String chats() {
    return IntStream.range(0, CHATS)
        .mapToObj(
            i ->
                """
                {"messages": [{"role": "user", "content": "What is %d?"}, {"role": "assistant", "content": "A number."}]}
                """
                    .formatted(i))
        .collect(Collectors.joining());
  }

  private Path quantised(Quantization to) {
    Path out = directory.resolve("quantised");
    SaveOptions options = SaveOptions.oneFile().as(DType.F32);
    BitsAndBytesExport.run(base, out, to, options, elements -> {});
    return out;
  }

  // ---- training ----

  @ParameterizedTest
  @CsvSource({"NF4, false", "NF4, true", "FP4, false"})
  void peftGivesTheSameLogitsOnTheQuantisedDirectory(QuantType type, boolean doubleQuant)
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Quantization to = new Quantization(type, doubleQuant);

    Path adapter = trained(to, 1);

    assertPeftAgrees(python, quantised(to), adapter);
  }

  @Test
  void afterMoreIterationsPeftGivesTheSameLogitsOnTheOriginal()
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");

    Path adapter = trained(Quantization.of(QuantType.NF4), 2);

    assertPeftAgrees(python, base, adapter);
  }

  // ---- conversion for the original base ----

  @Test
  void conversionForTheOriginalIsThatOfPeft() throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Path quantised = quantised(Quantization.of(QuantType.NF4));
    Path first = directory.resolve("first");
    Path last = directory.resolve("last");
    Path converted = directory.resolve("converted");
    try (Pretrained nf4 = Pretrained.load(quantised);
        OriginalCheckpoint originals = OriginalCheckpoint.open(base, nf4.model())) {
      LoraModel adapted = Lora.adaptByLoftq(nf4.model(), loftq(1), originals);
      adapted.save("default", first);
      perturb(adapted);
      adapted.save("default", last);
      adapted.save("default", converted, SavedForm.FOR_ORIGINAL);
    }

    assertPeftAgrees(python, quantised, last, "--initial", first, "--converted", converted);
    assertPeftAgrees(python, base, converted);
  }

  private static void perturb(LoraModel adapted) {
    try (NoGradGuard guard = new NoGradGuard()) {
      adapted
          .parameters("default")
          .forEach(p -> p.copyFrom(p.value().add(p.value().clone().normal_(0, 0.05, null))));
    }
  }

  // ---- PEFT ----

  private void assertPeftAgrees(PythonPeer python, Path model, Path adapter, Object... more)
      throws IOException, InterruptedException {
    Path computed = directory.resolve("computed.safetensors");
    try (NoGradGuard guard = new NoGradGuard();
        Pretrained loaded = Pretrained.load(model)) {
      LoraModel adapted = Lora.base(loaded.model());
      adapted.load("default", adapter);
      adapted.activate("default");
      Tensor tokens = Ops.tensor(LongStream.range(3, 3 + 2 * LENGTH).toArray()).view(2, LENGTH);
      Tensor logits = loaded.model().forward(tokens);
      SafetensorsWriter.write(computed, Map.of("tokens", tokens, "logits", logits), Map.of());
    }
    PythonPeer.Answer answer =
        python.run(
            "check_with_transformers.py",
            Stream.concat(Stream.of(model, computed, "--adapter", adapter), Stream.of(more))
                .toArray());
    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(answer.text()).contains("\"ok\": true");
  }
}
