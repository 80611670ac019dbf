package dev.lora4j.torchscript;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Checks on a file before libtorch loads it: it must be a zip archive with code and constants,
 * store its tensors uncompressed, and contain no operator with access to files or the network. No
 * pickle is read here.
 */
final class ScriptFile {
  private static final String HOW =
      "; save the module in Python with torch.jit.script(model).save(\"model.pt\"), or"
          + " torch.jit.trace(model, example).save(\"model.pt\")";
  private static final int ZIP = 0x504b0304; // PK\3\4
  private static final int PICKLE = 0x80;
  private static final long MOST_CODE = 256L << 20; // uncompressed, in bytes

  private ScriptFile() {}

  /**
   * Checks that a file can be a TorchScript module.
   *
   * @throws UserError if it is another kind of file; the message names the kind and the remedy
   * @throws CorruptFile if it is damaged
   */
  static void check(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new UserError(
          "cannot read "
              + path
              + ": "
              + (Files.exists(path) ? "not a file" : "there is no such file"));
    }
    checkBeginning(path);
    try (ZipFile zip = new ZipFile(path.toFile())) {
      List<ZipEntry> entries = List.copyOf(zip.stream().toList());
      checkEntries(path, entries);
      for (ZipEntry entry : entries) {
        if (withoutRoot(entry.getName()).startsWith("code/")) {
          ScriptProgram.check(path, zip, entry);
        }
      }
    } catch (ZipException e) {
      throw new CorruptFile(
          path,
          "starts like a zip archive but does not end like one; is it complete? " + e.getMessage(),
          e);
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  /**
   * Checks that a program names no CUDA device where there is none.
   *
   * @throws UserError if it does
   */
  static void requireDevices(Path path, boolean hasCuda) {
    if (hasCuda) {
      return;
    }
    try (ZipFile zip = new ZipFile(path.toFile())) {
      for (ZipEntry entry : List.copyOf(zip.stream().toList())) {
        Optional<String> device =
            withoutRoot(entry.getName()).startsWith("code/")
                ? ScriptProgram.cudaDevice(zip, entry)
                : Optional.empty();
        if (device.isPresent()) {
          throw new UserError(
              "%s: its program names the device %s, on which it was traced, and there is none here; trace it on the CPU: torch.jit.trace(model.cpu(), example.cpu())"
                  .formatted(path, device.get()));
        }
      }
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  private static void checkBeginning(Path path) {
    byte[] first;
    try (InputStream in = Files.newInputStream(path)) {
      first = in.readNBytes(Integer.BYTES);
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
    if (first.length > 0 && (first[0] & 0xff) == PICKLE) {
      throw new UserError(
          path
              + " is a pickle, the format of torch.save before PyTorch 1.6; a pickle can run any code and"
              + " is never loaded"
              + HOW);
    }
    if (first.length < Integer.BYTES || ByteBuffer.wrap(first).getInt() != ZIP) {
      throw new UserError(path + " is not a TorchScript file: it is not a zip archive" + HOW);
    }
  }

  private static void checkEntries(Path path, List<ZipEntry> entries) {
    long code = 0;
    for (ZipEntry entry : entries) {
      if (isTensor(entry.getName()) && entry.getSize() != entry.getCompressedSize()) {
        throw new CorruptFile(
            path,
            "entry %s: expected %d uncompressed bytes, found %d"
                .formatted(entry.getName(), entry.getSize(), entry.getCompressedSize()));
      }
      code += isTensor(entry.getName()) ? 0 : entry.getSize();
    }
    if (code > MOST_CODE) {
      throw new CorruptFile(
          path, "%,d bytes of uncompressed code; the maximum is %,d".formatted(code, MOST_CODE));
    }
    List<String> names = entries.stream().map(entry -> withoutRoot(entry.getName())).toList();
    if (names.stream().distinct().count() < names.size()) {
      throw new CorruptFile(path, "two entries with the same name");
    }
    if (!names.contains("data.pkl")) {
      throw new UserError(path + " is a zip archive without a model: no data.pkl" + HOW);
    }
    if (!names.contains("constants.pkl") || names.stream().noneMatch(n -> n.startsWith("code/"))) {
      throw new UserError(
          path
              + " holds tensors without a program: torch.save wrote a state dict or a"
              + " whole model. Load it into the model in Python"
              + HOW);
    }
  }

  private static boolean isTensor(String name) {
    return withoutRoot(name).matches("(data|constants)/.*");
  }

  private static String withoutRoot(String name) {
    return name.substring(name.indexOf('/') + 1);
  }
}
