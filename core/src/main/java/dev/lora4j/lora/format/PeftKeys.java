package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.TensorFile;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The tensor names of adapter files in all of PEFT's variants: with or without the prefix {@code
 * base_model.model.}, with or without the adapter name {@code default}, with or without {@code
 * _orig_mod} of {@code torch.compile}, and DoRA's magnitude with or without {@code .weight}.
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

  /**
   * Returns the key in a file; tensors shared by an adapter's layers do not get the model's prefix.
   */
  public static String inFile(String key) {
    return key.startsWith("base_model.") ? key : PREFIX + key;
  }

  /** Returns the current form of a key, without the prefix. */
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
   * Returns the keys of a file by their current form.
   *
   * @throws UserError if two keys name the same tensor
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
