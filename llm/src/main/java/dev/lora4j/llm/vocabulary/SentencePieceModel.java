package dev.lora4j.llm.vocabulary;

import dev.lora4j.CorruptFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A SentencePiece model, read from its protocol buffer ({@code sentencepiece_model.proto}). */
final class SentencePieceModel {
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  private static final int UNIGRAM = 1;
  private static final int BPE = 2;

  /** A piece of text with its score (log probability) and type. */
  record Piece(String text, float score, int type) {}

  private final Path file;
  private final List<Piece> pieces = new ArrayList<>();
  private int modelType = UNIGRAM;
  private int unknownId;
  private String unknownPiece = "<unk>";
  private boolean byteFallback;
  private byte[] charsMap = {};

  private SentencePieceModel(Path file) {
    this.file = file;
  }

  /**
   * Reads a model.
   *
   * @throws CorruptFile if it is malformed, or of a type other than Unigram and BPE
   */
  static SentencePieceModel read(Path file, byte[] content) {
    SentencePieceModel model = new SentencePieceModel(file);
    model.fields(ByteBuffer.wrap(content), model::field);
    if (model.pieces.isEmpty()) {
      throw new CorruptFile(file, "expected a SentencePiece model, found no pieces");
    }
    if (model.modelType != UNIGRAM && model.modelType != BPE) {
      throw new CorruptFile(file, "expected a Unigram or BPE model, found type " + model.modelType);
    }
    if (model.unknownId < 0 || model.unknownId >= model.pieces.size()) {
      throw new CorruptFile(
          file,
          "unk_id: expected an id below %d, found %d"
              .formatted(model.pieces.size(), model.unknownId));
    }
    return model;
  }

  List<Piece> pieces() {
    return pieces;
  }

  boolean isUnigram() {
    return modelType == UNIGRAM;
  }

  int unknownId() {
    return unknownId;
  }

  String unknownPiece() {
    return unknownPiece;
  }

  boolean byteFallback() {
    return byteFallback;
  }

  byte[] charsMap() {
    return charsMap;
  }

  // ---- protocol buffer ----

  /** The value of a field: a number, or bytes. */
  private record Value(long number, ByteBuffer bytes) {
    String text() {
      return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }
  }

  private interface Field {
    void read(int number, Value value);
  }

  private void field(int number, Value value) {
    switch (number) {
      case 1 -> pieces.add(piece(value.bytes()));
      case 2 -> fields(value.bytes(), this::trainerField);
      case 3 ->
          fields(
              value.bytes(),
              (inner, part) -> {
                if (inner == 2) {
                  charsMap = new byte[part.bytes().remaining()];
                  part.bytes().get(charsMap);
                }
              });
      default -> {}
    }
  }

  private void trainerField(int number, Value value) {
    switch (number) {
      case 3 -> modelType = (int) value.number();
      case 35 -> byteFallback = value.number() != 0;
      case 40 -> unknownId = (int) value.number();
      case 45 -> unknownPiece = value.text();
      default -> {}
    }
  }

  private Piece piece(ByteBuffer message) {
    String[] text = {""};
    float[] score = {0};
    int[] type = {1};
    fields(
        message,
        (number, value) -> {
          switch (number) {
            case 1 -> text[0] = value.text();
            case 2 -> score[0] = Float.intBitsToFloat((int) value.number());
            case 3 -> type[0] = (int) value.number();
            default -> {}
          }
        });
    if (text[0].isEmpty() || !Float.isFinite(score[0])) {
      throw new CorruptFile(
          file, "piece " + pieces.size() + ": expected a text and a finite score");
    }
    return new Piece(text[0], score[0], type[0]);
  }

  private void fields(ByteBuffer message, Field field) {
    ByteBuffer in = message.slice().order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      long tag = varint(in);
      ByteBuffer none = ByteBuffer.allocate(0);
      int number = (int) (tag >>> 3);
      switch ((int) (tag & 7)) {
        case 0 -> field.read(number, new Value(varint(in), none));
        case 1 -> field.read(number, new Value(within(in, 8).getLong(), none));
        case 2 -> field.read(number, new Value(0, within(in, varint(in))));
        case 5 -> field.read(number, new Value(within(in, 4).getInt(), none));
        default ->
            throw new CorruptFile(
                file, "expected a SentencePiece model, found wire type " + (tag & 7));
      }
    }
  }

  /** Returns the next bytes and moves past them. */
  private ByteBuffer within(ByteBuffer in, long size) {
    if (size < 0 || size > in.remaining()) {
      throw new CorruptFile(
          file, "truncated: expected %,d bytes, found %,d".formatted(size, in.remaining()));
    }
    ByteBuffer bytes = in.slice(in.position(), (int) size).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + (int) size);
    return bytes;
  }

  private long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = within(in, 1).get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new CorruptFile(file, "expected a number of at most 10 bytes");
  }
}
