package dev.lora4j.io;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** SHA-256 of tensors, computed from their memory in pieces. */
public final class TensorDigest {
  private static final int PIECE = 1 << 20;

  private TensorDigest() {}

  /** Returns the hexadecimal digest of a tensor's elements in row-major order, on any device. */
  public static String of(Tensor tensor) {
    MessageDigest digest = sha256();
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.detach().cpu().contiguous();
      TensorMemory memory = TensorMemory.of(plain);
      for (long done = 0; done < memory.bytes(); done += PIECE) {
        digest.update(memory.view(done, (int) Math.min(PIECE, memory.bytes() - done)));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
