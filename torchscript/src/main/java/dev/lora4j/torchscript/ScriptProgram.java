package dev.lora4j.torchscript;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A static check of a script's source code. Programs that call libtorch's file or network operators
 * are refused, since no network needs them. The check comes first because parts of a program may
 * run as soon as its file is loaded.
 */
final class ScriptProgram {
  private static final String BETWEEN_TOKENS = "(?:\\s|\\\\|#[^\\n]*)*";
  private static final Pattern REACHES_OUT =
      Pattern.compile(
          "\\bfrom_file\\b|\\."
              + BETWEEN_TOKENS
              + "save\\b|\\brpc_(?:sync|async|remote)\\b|\\bdist_c10d\\b");
  private static final Pattern BY_NAME = Pattern.compile("\\bgetattr\\b");
  private static final Pattern AS_WRITTEN_BY_TORCH =
      Pattern.compile("getattr\\(\\w+, \"(?!save\")[\\w.\\- ]*\"\\)");

  private static final Pattern CUDA = Pattern.compile("torch\\.device\\(\"(cuda[^\"]*)\"\\)");

  private ScriptProgram() {}

  /**
   * Checks the source files of a script.
   *
   * @throws UserError if one of them names a forbidden operator
   */
  static void check(Path path, ZipFile zip, ZipEntry code) throws IOException {
    String source = source(zip, code);
    Matcher reaching = REACHES_OUT.matcher(source);
    if (reaching.find()) {
      throw refused(path, code, reaching.group());
    }
    Matcher byName = BY_NAME.matcher(source);
    Matcher usual = AS_WRITTEN_BY_TORCH.matcher(source);
    while (byName.find()) {
      if (!usual.region(byName.start(), source.length()).lookingAt()) {
        throw refused(path, code, source.substring(byName.start()).lines().findFirst().orElse(""));
      }
    }
  }

  /** Returns the CUDA device that a source file names, as in a trace recorded on a GPU. */
  static Optional<String> cudaDevice(ZipFile zip, ZipEntry code) throws IOException {
    Matcher device = CUDA.matcher(source(zip, code));
    return device.find() ? Optional.of(device.group(1)) : Optional.empty();
  }

  private static String source(ZipFile zip, ZipEntry code) throws IOException {
    return new String(zip.getInputStream(code).readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  private static UserError refused(Path path, ZipEntry code, String what) {
    return new UserError(
        "%s: its program may open files or connections: '%s' in %s; a network needs neither, so the file is"
                .formatted(path, what.strip().replaceAll("\\s+", " "), code.getName())
            + " not loaded. Remove the call from the model and save it again");
  }
}
