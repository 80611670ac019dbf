package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.io.DType;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufHeaderReadOnceTest {

  private final Path directory;
  private final Path gguf;

  GgufHeaderReadOnceTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    gguf = directory.resolve("model.gguf");
    Files.copy(Fixture.path("gguf/tokenizer_llama3.gguf"), gguf);
  }

  /** Destroys the header after the first reading, so that a second one would fail. */
  private void destroyHeader() {
    try (RandomAccessFile file = new RandomAccessFile(gguf.toFile(), "rw")) {
      file.write(new byte[16]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertThatThrownBy(() -> ModelFiles.at(gguf)).isInstanceOf(CorruptFile.class);
  }

  @Test
  void modelTokenizerAndTemplateShareOneReadingOfTheHeader() {
    ModelFiles files = ModelFiles.at(gguf);
    destroyHeader();

    try (Pretrained model = Pretrained.load(files, DType.F32);
        Tokenizer tokenizer = Tokenizer.load(files)) {
      assertThat(model.model().namedParameters()).isNotEmpty();
      assertThat(model.endTokens()).isNotEmpty();
      assertThat(ChatTemplate.load(files, tokenizer.special())).isPresent();
    }
  }

  @Test
  void conversionUsesTheHeaderThatIdentifiedTheModel() {
    try (GgufModel model = GgufModel.openUnlessAdapter(gguf).orElseThrow()) {
      destroyHeader();
      Path out = directory.resolve("converted");
      GgufConversion.run(model, out, SaveOptions.oneFile(), bytes -> {});
      assertThat(out.resolve("config.json")).exists();
      assertThat(out.resolve("tokenizer.json")).exists();
    }
  }

  @Test
  void mergeReportsItsTotalWithoutAnotherReading() {
    Path adapter = directory.resolve("adapter");
    try (Pretrained base = Pretrained.load(gguf)) {
      LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(2).alpha(4));
      adapted.save("default", adapter);
    }
    AtomicLong expected = new AtomicLong();
    AtomicLong written = new AtomicLong();
    MergeJob.of(gguf, List.of(adapter))
        .reportingTo(
            total -> {
              expected.set(total);
              destroyHeader();
              return written::addAndGet;
            })
        .merge(directory.resolve("merged"));
    assertThat(written.get()).isPositive().isEqualTo(expected.get());
  }
}
