package dev.lora4j.llm.recipe;

import dev.lora4j.UserError;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.io.Unreadable;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.AdapterSummary;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.nn.Module;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * A trained adapter whose training is continued: the same matrices and config, with a new optimizer
 * and schedule.
 *
 * @param directory its PEFT or mlx-lm directory
 * @param config its config
 * @param sha256 the SHA-256 of its config and weights
 * @param check the check of the base that it was trained on
 */
public record InitialAdapter(Path directory, LoraConfig config, String sha256, BaseCheck check) {

  /**
   * Reads the config of an adapter and computes its digest.
   *
   * @throws UserError if there is no adapter or it is not supported
   */
  public static InitialAdapter at(Path directory, BaseCheck check) {
    AdapterSummary summary = AdapterSummary.read(directory);
    return new InitialAdapter(
        directory, summary.config(), digest(summary.configFile(), summary.weights()), check);
  }

  private static String digest(Path... files) {
    MessageDigest digest = TensorDigest.sha256();
    for (Path file : files) {
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      } catch (IOException e) {
        throw Unreadable.because(file, e);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Checks that the adapter is the one that a run recorded.
   *
   * @throws UserError if it is not
   */
  public void require(String recorded) {
    if (!recorded.equals(sha256)) {
      throw new UserError(
          "%s is not the adapter that the run continued: its SHA-256 is %s, recorded is %s; restore it, or start a new run"
              .formatted(directory, sha256, recorded));
    }
  }

  /** Loads it into a base model and activates it. */
  public LoraModel addTo(Module network, String name) {
    LoraModel model = Lora.base(network);
    model.load(name, directory, check);
    model.activate(name);
    return model;
  }
}
