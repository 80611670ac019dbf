package dev.lora4j.io;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** SHA-256 of tensors, computed from their memory in pieces. */
public final class TensorDigest {
  private static final int PIECE = 1 << 20;

  private TensorDigest() {}

  /** Returns the hexadecimal digest of a tensor's elements in row-major order, on any device. */
  public static String of(Tensor tensor) {
    MessageDigest digest = sha256();
    update(digest, tensor);
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Returns the digest of a tensor that is never in memory as a whole.
   *
   * @param parts the number of parts along its first dimension
   * @param part computes a part, in a pointer scope that is closed after its use
   */
  public static String of(long parts, LongFunction<Tensor> part) {
    MessageDigest digest = sha256();
    for (long i = 0; i < parts; i++) {
      try (PointerScope scope = new PointerScope()) {
        update(digest, part.apply(i));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.detach().cpu().contiguous();
      TensorMemory memory = TensorMemory.of(plain);
      for (long done = 0; done < memory.bytes(); done += PIECE) {
        digest.update(memory.view(done, (int) Math.min(PIECE, memory.bytes() - done)));
      }
    }
  }

  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
