package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.TensorDigest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The fingerprint of a base, which identifies it bit for bit. An adapter stores the fingerprint of
 * the base it was trained on and refuses to load onto another base unless told to.
 *
 * <p>It is part of the safetensors metadata, which other readers ignore, so that it always
 * accompanies the tensors and PEFT does not warn about an unknown config key.
 *
 * @param sha256 the SHA-256 of the lines {@code name dtype shape digest} of all tensors, sorted by
 *     name; in hexadecimal
 * @param tensors by name: {@code dtype shape}, and the first eight digits of the SHA-256 of its
 *     bytes
 */
public record BaseFingerprint(String sha256, SortedMap<String, String> tensors) {
  private static final String SHA256 = "lora4j.base.sha256";
  private static final String TENSORS = "lora4j.base.tensors";
  private static final int DIGITS = 8;
  private static final int MAX_SHOWN = 5;

  public BaseFingerprint {
    tensors = Collections.unmodifiableSortedMap(new TreeMap<>(tensors));
  }

  /** A tensor's dtype and shape, and the full digest of its bytes. */
  record Line(String kind, String digest) {}

  static BaseFingerprint of(SortedMap<String, Line> lines) {
    MessageDigest all = TensorDigest.sha256();
    SortedMap<String, String> tensors = new TreeMap<>();
    lines.forEach(
        (name, line) -> {
          String whole = name + " " + line.kind() + " " + line.digest() + "\n";
          all.update(whole.getBytes(StandardCharsets.UTF_8));
          tensors.put(name, line.kind() + " " + line.digest().substring(0, DIGITS));
        });
    return new BaseFingerprint(HexFormat.of().formatHex(all.digest()), tensors);
  }

  // ---- in a file ----

  Map<String, String> metadata() {
    return Map.of(
        SHA256,
        sha256,
        TENSORS,
        tensors.entrySet().stream()
            .map(entry -> entry.getKey() + " " + entry.getValue())
            .collect(Collectors.joining("\n")));
  }

  /** Returns the fingerprint in a file's metadata, if there is one. */
  static Optional<BaseFingerprint> in(Map<String, String> metadata) {
    return Optional.ofNullable(metadata.get(SHA256))
        .map(sha -> new BaseFingerprint(sha, tensors(metadata.getOrDefault(TENSORS, ""))));
  }

  private static SortedMap<String, String> tensors(String lines) {
    SortedMap<String, String> tensors = new TreeMap<>();
    for (String line : lines.lines().toList()) {
      int space = line.indexOf(' ');
      if (space > 0) {
        tensors.put(line.substring(0, space), line.substring(space + 1));
      }
    }
    return tensors;
  }

  /** Returns the same base under other tensor names. */
  BaseFingerprint renamed(UnaryOperator<String> naming) {
    SortedMap<String, String> renamed = new TreeMap<>();
    tensors.forEach((name, tensor) -> renamed.put(naming.apply(name), tensor));
    return new BaseFingerprint(sha256, renamed);
  }

  // ---- compared ----

  /**
   * Refuses another base.
   *
   * @param source the adapter's file
   * @param present the present base's fingerprint, computed only if the check needs it
   */
  public void require(Object source, Supplier<BaseFingerprint> present, BaseCheck check) {
    if (check == BaseCheck.ANY_BASE) {
      return;
    }
    BaseFingerprint here = present.get();
    if (check == BaseCheck.SAME_WHERE_BOTH_HAVE) {
      here = here.onlyAsIn(this);
    }
    boolean same =
        tensors.equals(here.tensors)
            || (check == BaseCheck.SAME_BASE && sha256.equals(here.sha256));
    if (!same) {
      throw new UserError(
          "%s was trained on another base (SHA-256 %s…, this one's is %s…):\n  %s\n"
                  .formatted(
                      source, start(sha256), start(here.sha256), String.join("\n  ", shown(here)))
              + "Use that base, or accept this one (BaseCheck.ANY_BASE,"
              + " --any-base)");
    }
  }

  /**
   * Returns this fingerprint with the tensor names of another; tensors that are missing here are
   * copied from there.
   */
  private BaseFingerprint onlyAsIn(BaseFingerprint other) {
    SortedMap<String, String> common = new TreeMap<>(other.tensors);
    common.replaceAll((name, theirs) -> tensors.getOrDefault(name, theirs));
    return new BaseFingerprint(sha256, common);
  }

  private static String start(String digest) {
    return digest.substring(0, Math.min(DIGITS, digest.length()));
  }

  private List<String> shown(BaseFingerprint present) {
    List<String> differences = differences(present);
    if (differences.size() <= MAX_SHOWN) {
      return differences;
    }
    List<String> shown = new ArrayList<>(differences.subList(0, MAX_SHOWN));
    shown.add("and " + (differences.size() - MAX_SHOWN) + " more");
    return shown;
  }

  /** Returns the tensors that both bases have and that differ. */
  public List<String> changedIn(BaseFingerprint other) {
    SortedMap<String, String> theirs = other.onlyAsIn(this).tensors;
    return tensors.entrySet().stream()
        .filter(mine -> !mine.getValue().equals(theirs.get(mine.getKey())))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Returns the differences from another base, tensor by tensor. */
  List<String> differences(BaseFingerprint other) {
    Map<String, String> differences = new LinkedHashMap<>();
    tensors.forEach(
        (name, was) -> {
          String is = other.tensors.get(name);
          if (is == null) {
            differences.put(name, "missing here");
          } else if (!kind(is).equals(kind(was))) {
            differences.put(name, "expected " + kind(was) + ", found " + kind(is));
          } else if (!is.equals(was)) {
            differences.put(name, "different values");
          }
        });
    other.tensors.keySet().stream()
        .filter(name -> !tensors.containsKey(name))
        .forEach(name -> differences.put(name, "not in the other base"));
    return differences.entrySet().stream()
        .map(entry -> entry.getKey() + ": " + entry.getValue())
        .toList();
  }

  private static String kind(String tensor) {
    return tensor.substring(0, Math.max(0, tensor.lastIndexOf(' ')));
  }
}
