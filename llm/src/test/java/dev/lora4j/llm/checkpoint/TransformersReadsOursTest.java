package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.PythonPeer;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** transformers loads a directory that was saved here with a merged adapter. */
class TransformersReadsOursTest {
  private static final long SHARD = 50_000;

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen3", "gpt2"})
  void andGivesTheSameLogits(String family, @TempDir Path directory)
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Path checkpoint = directory.resolve("checkpoint");
    Path computed = directory.resolve("computed.safetensors");
    write(family, checkpoint, computed);

    PythonPeer.Answer answer = python.run("check_with_transformers.py", checkpoint, computed);

    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(answer.text()).contains("\"ok\": true");
  }

  private static void write(String family, Path checkpoint, Path computed) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      LoraModel adapted = Lora.base(base.model());
      adapted.load("default", SavedFamilies.directory(family).resolve("adapter"));
      adapted.activate("default");
      adapted.merge();
      adapted.unload();
      base.save(checkpoint, SaveOptions.oneFile().shardsOf(SHARD));
      Tensor tokens = SavedFamilies.expected(family).tensor("tokens");
      Tensor logits = base.model().forward(tokens);
      SafetensorsWriter.write(computed, Map.of("tokens", tokens, "logits", logits), Map.of());
    }
  }
}
