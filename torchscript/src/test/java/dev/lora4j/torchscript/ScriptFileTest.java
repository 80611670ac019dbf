package dev.lora4j.torchscript;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each kind of file that is not a TorchScript module is recognised, and the message explains what
 * to do.
 */
class ScriptFileTest {
  private final Path directory;

  ScriptFileTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static void assertRefused(Path file, Class<? extends Exception> kind, String... words) {
    assertThatThrownBy(() -> TorchScriptModel.load(file))
        .isInstanceOf(kind)
        .hasMessageContainingAll(words)
        .hasMessageNotContaining("\n");
  }

  private Path written(String name, byte[] bytes) throws IOException {
    return Files.write(directory.resolve(name), bytes);
  }

  private static byte[] script() throws IOException {
    return Files.readAllBytes(Fixture.path("script/siamese.scripted.pt"));
  }

  @Test
  void missingFileOrDirectoryIsRefused() {
    assertRefused(directory.resolve("net.pt"), UserError.class, "there is no such file");
    assertRefused(directory, UserError.class, "not a file");
  }

  @Test
  void textOrEmptyFileIsRefused() throws IOException {
    assertRefused(
        written("text.pt", "weights".getBytes(StandardCharsets.UTF_8)),
        UserError.class,
        "not a zip archive",
        "torch.jit.script");
    assertRefused(written("empty.pt", new byte[0]), UserError.class, "not a zip archive");
  }

  @Test
  void oldPickleIsNeverLoaded() {
    assertRefused(
        Fixture.path("script/old_pickle.pt"), UserError.class, "pickle", "torch.jit.trace");
  }

  @Test
  void torchSaveFileIsRefusedWithAdvice() {
    for (String name : new String[] {"state_dict.pt", "whole_module.pt"}) {
      assertRefused(
          Fixture.path("script/" + name), UserError.class, "torch.save", "torch.jit.script");
    }
  }

  @Test
  void otherZipArchiveIsRefused() throws IOException {
    Path file = directory.resolve("images.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("images/cat.jpg"));
      zip.write(1);
    }
    assertRefused(file, UserError.class, "no data.pkl");
  }

  @Test
  void truncatedFileIsReported() throws IOException {
    byte[] whole = script();
    for (int length : new int[] {10, whole.length / 2, whole.length - 1}) {
      assertRefused(
          written("cut" + length + ".pt", Arrays.copyOf(whole, length)),
          CorruptFile.class,
          "cut" + length + ".pt",
          "is it complete?");
    }
  }

  @Test
  void compressedTensorIsRefused() throws IOException {
    Path file = directory.resolve("packed.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("packed/data/0"));
      zip.write(new byte[1 << 20]);
      zip.closeEntry();
    }
    assertRefused(file, CorruptFile.class, "packed/data/0", "1048576");
  }

  @Test
  void damagedProgramIsReported() throws IOException {
    String text = new String(script(), StandardCharsets.ISO_8859_1);
    byte[] damaged =
        text.replace("class Siamese", "klass Siamese").getBytes(StandardCharsets.ISO_8859_1);

    assertRefused(written("damaged.pt", damaged), CorruptFile.class, "libtorch cannot load it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"frozen", "optimized", "quantized"})
  void frozenModuleWithoutParametersIsRefused(String name) {
    assertRefused(
        Fixture.path("script/" + name + ".pt"), UserError.class, "frozen", "quantised", "before");
  }

  // ---- what a program may not do ----

  @Test
  void programThatWritesFilesIsNotLoaded() {
    assertRefused(
        Fixture.path("script/writer.pt"),
        UserError.class,
        "may open files",
        "'.save'",
        "script_networks.py");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.save(x, \"f\")",
        "t = torch\nt. \\\n save(x, \"f\")",
        "(torch. # a comment\n save)(x, \"f\")",
        "torch.from_file(\"f\")",
        "ops.aten.from_file(\"f\")",
        "getattr(torch, \"save\")(x, \"f\")",
        "getattr(torch, \"\\x73ave\")(x, \"f\")",
        "getattr(torch, 'save')(x, \"f\")",
        "getattr(torch, \"sa\" \"ve\")(x, \"f\")",
        "rpc_async(\"other\", f)",
        "__torch__.torch.classes.dist_c10d.Store"
      })
  void obfuscatedFileAccessIsDetected(String code) throws IOException {
    assertRefused(withCode(code), UserError.class, "may open files");
  }

  @ParameterizedTest
  @ValueSource(strings = {"_0 = getattr(self, \"0\")", "saved = x.saves", "from_files = 1"})
  void harmlessNamesAreNotMistakenForFileAccess(String code) throws IOException {
    assertThatCode(() -> ScriptFile.check(withCode(code))).doesNotThrowAnyException();
  }

  private Path withCode(String code) throws IOException {
    return zip("net/data.pkl", "", "net/constants.pkl", "", "net/code/__torch__.py", code);
  }

  @Test
  void duplicateEntryIsRefused() throws IOException {
    Path file = zip("net/data.pkl", "", "other/data.pkl", "");

    assertRefused(file, CorruptFile.class, "two entries with the same name");
  }

  private Path zip(String... namesAndTexts) throws IOException {
    Path file = directory.resolve("made.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (int i = 0; i < namesAndTexts.length; i += 2) {
        zip.putNextEntry(new ZipEntry(namesAndTexts[i]));
        zip.write(namesAndTexts[i + 1].getBytes(StandardCharsets.UTF_8));
      }
    }
    return file;
  }
}
