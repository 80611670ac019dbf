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
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The fingerprint of a base, which identifies it bit for bit. An adapter stores the fingerprint of
 * the base it was trained on and refuses to load onto another base unless the check is disabled. A
 * base that was only rounded, as a conversion to or from GGUF does, is the same one: all its values
 * are equal after rounding to F16, or after rounding to BF16.
 *
 * <p>It is part of the safetensors metadata, which other readers ignore, so that it always
 * accompanies the tensors and PEFT does not warn about an unknown config key.
 *
 * @param sha256 the SHA-256 of the lines {@code name dtype shape digest} of all tensors, sorted by
 *     name; in hexadecimal
 * @param tensors by name: {@code dtype shape}, and the first eight digits of the SHA-256 of its
 *     bytes
 * @param rounded by name: the first eight digits of the SHA-256 of its values in F16, and of those
 *     in BF16; empty if they were not computed
 */
public record BaseFingerprint(
    String sha256, SortedMap<String, String> tensors, SortedMap<String, String> rounded) {
  private static final String SHA256 = "lora4j.base.sha256";
  private static final String TENSORS = "lora4j.base.tensors";
  private static final String ROUNDED = "lora4j.base.rounded";
  private static final int DIGITS = 8;
  private static final int MAX_SHOWN = 5;

  public BaseFingerprint {
    tensors = Collections.unmodifiableSortedMap(new TreeMap<>(tensors));
    rounded = Collections.unmodifiableSortedMap(new TreeMap<>(rounded));
  }

  /** Creates a fingerprint without the digests of rounded values. */
  public BaseFingerprint(String sha256, SortedMap<String, String> tensors) {
    this(sha256, tensors, new TreeMap<>());
  }

  BaseFingerprint withRounded(SortedMap<String, String> digests) {
    return new BaseFingerprint(sha256, tensors, digests);
  }

  /** Returns the digits that identify a digest among the versions of one tensor. */
  static String start(String digest) {
    return digest.substring(0, Math.min(DIGITS, digest.length()));
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
          tensors.put(name, line.kind() + " " + start(line.digest()));
        });
    return new BaseFingerprint(HexFormat.of().formatHex(all.digest()), tensors);
  }

  // ---- in a file ----

  Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(SHA256, sha256);
    metadata.put(TENSORS, lines(tensors));
    if (!rounded.isEmpty()) {
      metadata.put(ROUNDED, lines(rounded));
    }
    return metadata;
  }

  private static String lines(SortedMap<String, String> values) {
    return values.entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .collect(Collectors.joining("\n"));
  }

  /** Returns the fingerprint in a file's metadata, if there is one. */
  static Optional<BaseFingerprint> in(Map<String, String> metadata) {
    return Optional.ofNullable(metadata.get(SHA256))
        .map(sha -> new BaseFingerprint(sha, map(metadata, TENSORS), map(metadata, ROUNDED)));
  }

  private static SortedMap<String, String> map(Map<String, String> metadata, String key) {
    SortedMap<String, String> values = new TreeMap<>();
    for (String line : metadata.getOrDefault(key, "").lines().toList()) {
      int space = line.indexOf(' ');
      if (space > 0) {
        values.put(line.substring(0, space), line.substring(space + 1));
      }
    }
    return values;
  }

  /** Returns the same base under other tensor names. */
  BaseFingerprint renamed(UnaryOperator<String> naming) {
    return new BaseFingerprint(sha256, renamed(tensors, naming), renamed(rounded, naming));
  }

  private static SortedMap<String, String> renamed(
      SortedMap<String, String> values, UnaryOperator<String> naming) {
    SortedMap<String, String> renamed = new TreeMap<>();
    values.forEach((name, value) -> renamed.put(naming.apply(name), value));
    return renamed;
  }

  // ---- compared ----

  /** The base that is present, as far as a comparison needs it. */
  public interface Present {

    /** Returns its fingerprint, without the digests of rounded values. */
    BaseFingerprint exact();

    /** Returns its fingerprint with the digests of rounded values, which take longer. */
    BaseFingerprint rounded();
  }

  /**
   * Refuses another base.
   *
   * @param source the adapter's file
   * @param present the present base
   */
  public void require(Object source, Present present, BaseCheck check) {
    if (check == BaseCheck.ANY_BASE) {
      return;
    }
    BaseFingerprint exact = present.exact();
    boolean same = check == BaseCheck.SAME_BASE && sha256.equals(exact.sha256);
    if (same || differences(exact, check).isEmpty()) {
      return;
    }
    BaseFingerprint here = rounded.isEmpty() ? exact : present.rounded();
    List<String> differences = differences(here, check);
    if (!differences.isEmpty()) {
      throw new UserError(
          "%s was trained on another base (SHA-256 %s…, this one's is %s…):\n  %s\n"
                  .formatted(
                      source,
                      start(sha256),
                      start(here.sha256),
                      String.join("\n  ", shown(differences)))
              + "Use that base, or accept this one (BaseCheck.ANY_BASE,"
              + " --any-base)");
    }
  }

  /**
   * Refuses another base, except for tensors that the adapter replaces whole, such as a head.
   *
   * @param replaced names of tensors that do not count
   */
  public void require(Object source, Present present, BaseCheck check, Set<String> replaced) {
    without(replaced)
        .require(
            source,
            new Present() {
              @Override
              public BaseFingerprint exact() {
                return present.exact().without(replaced);
              }

              @Override
              public BaseFingerprint rounded() {
                return present.rounded().without(replaced);
              }
            },
            check);
  }

  private BaseFingerprint without(Set<String> names) {
    SortedMap<String, String> rest = new TreeMap<>(tensors);
    rest.keySet().removeAll(names);
    return new BaseFingerprint(sha256, rest, rounded);
  }

  private List<String> differences(BaseFingerprint present, BaseCheck check) {
    return differences(check == BaseCheck.SAME_WHERE_BOTH_HAVE ? present.onlyAsIn(this) : present);
  }

  /**
   * Returns this fingerprint with the tensor names of another; tensors that are missing here are
   * copied from there.
   */
  private BaseFingerprint onlyAsIn(BaseFingerprint other) {
    SortedMap<String, String> common = new TreeMap<>(other.tensors);
    common.replaceAll((name, theirs) -> tensors.getOrDefault(name, theirs));
    return new BaseFingerprint(sha256, common, rounded);
  }

  /** Returns whether a tensor of another base has the same values, or the same after rounding. */
  private boolean isSame(String name, String tensor, BaseFingerprint other) {
    if (tensor.equals(other.tensors.get(name))) {
      return true;
    }
    List<String> mine = List.of(rounded.getOrDefault(name, "").split(" "));
    List<String> theirs = List.of(other.rounded.getOrDefault(name, "").split(" "));
    return mine.size() == theirs.size()
        && IntStream.range(0, mine.size())
            .anyMatch(i -> !mine.get(i).isEmpty() && mine.get(i).equals(theirs.get(i)));
  }

  private static List<String> shown(List<String> differences) {
    if (differences.size() <= MAX_SHOWN) {
      return differences;
    }
    List<String> shown = new ArrayList<>(differences.subList(0, MAX_SHOWN));
    shown.add("and " + (differences.size() - MAX_SHOWN) + " more");
    return shown;
  }

  /** Returns the tensors that both bases have and that differ. */
  public List<String> changedIn(BaseFingerprint other) {
    BaseFingerprint common = other.onlyAsIn(this);
    return tensors.entrySet().stream()
        .filter(mine -> !isSame(mine.getKey(), mine.getValue(), common))
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
          } else if (!isSame(name, was, other)) {
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
