package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.TensorFile;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The names of an adapter's tensors in files, which were not always what they are today: with or
 * without {@code base_model.model.} in front, with the adapter's name {@code default} still in
 * them, DoRA's magnitude with or without {@code .weight}, and below {@code _orig_mod} if they were
 * saved from a network under {@code torch.compile}.
 */
public final class PeftKeys {
  static final String PREFIX = "base_model.model.";
  private static final Pattern ADAPTER_NAME =
      Pattern.compile(
          "\\.(lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
              + "\\.default(?=\\.|$)");
  private static final Pattern COMPILED = Pattern.compile("(?<=^|\\.)_orig_mod\\.");
  private static final Pattern WHOLE_MODULE =
      Pattern.compile("\\.modules_to_save\\.default(?=\\.)");

  private PeftKeys() {}

  /** The key in a file: tensors that an adapter's layers share are beside the model. */
  public static String inFile(String key) {
    return key.startsWith("base_model.") ? key : PREFIX + key;
  }

  /** A key of any age as it is today, without the prefix. */
  static String today(String key) {
    String plain = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : key;
    plain = COMPILED.matcher(plain).replaceAll("");
    plain = ADAPTER_NAME.matcher(plain).replaceAll(".$1");
    plain = WHOLE_MODULE.matcher(plain).replaceAll("");
    return plain.endsWith(StoredAdapter.MAGNITUDE + ".weight")
        ? plain.substring(0, plain.length() - ".weight".length())
        : plain;
  }

  /**
   * The keys of a file by what they are called today.
   *
   * @throws UserError if two of them mean the same tensor
   */
  static Map<String, String> of(TensorFile file) {
    Map<String, String> keys = new LinkedHashMap<>();
    for (String key : file.names()) {
      String other = keys.put(today(key), key);
      if (other != null) {
        throw new UserError(
            "%s: %s and %s are two names of one tensor".formatted(file.path(), other, key));
      }
    }
    return keys;
  }
}
