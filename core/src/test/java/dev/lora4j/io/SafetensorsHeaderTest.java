package dev.lora4j.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsHeaderTest {
  private static final String GOOD =
      """
      {"__metadata__":{"format":"pt"},\
      "a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},\
      "b":{"dtype":"BOOL","shape":[],"data_offsets":[16,17]},\
      "c":{"dtype":"I64","shape":[0,3],"data_offsets":[17,17]}}\
      """;

  @Test
  void namesShapesOffsetsAndMetadataAreRead() throws IOException {
    SafetensorsHeader header = read(file(GOOD, 17));

    assertThat(header.tensors().keySet()).containsExactly("a", "b", "c");
    assertThat(header.tensors().get("a"))
        .isEqualTo(new TensorInfo(DType.F32, List.of(2L, 2L), 0, 16));
    assertThat(header.tensors().values())
        .extracting(TensorInfo::elements)
        .containsExactly(4L, 1L, 0L);
    assertThat(header.metadata()).containsEntry("format", "pt").hasSize(1);
    assertThat(header.dataStart()).isEqualTo(8 + GOOD.length());
  }

  @Test
  void metadataMayBeNull() throws IOException {
    assertThat(read(file("{\"__metadata__\":null}", 0)).metadata()).isEmpty();
  }

  @Test
  void spacesAfterTheObjectAreAccepted() throws IOException {
    assertThat(read(file("{}      ", 0)).tensors()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // dtype, shape and offsets of key "w" | bytes of data | expected message
        "'F33',[2],[0,8] | 8 | key w: expected a dtype of [F64, F32, F16, BF16, I64, I32, I16, I8,"
            + " U8, BOOL, U64, U32, U16, F8_E5M2, F8_E4M3], found F33",
        "'F32',[3],[0,8] | 8 | key w: expected 12 bytes for F32 [3], found 8",
        "'F32',[-2],[0,8] | 8 | key w: expected no negative number in the shape, found -2",
        "'F32',[4294967296,4294967296],[0,8] | 8 | key w: expected a shape of less than 2^63",
        "'F32',[0,4294967296,4294967296],[0,0] | 0 | key w: expected a shape of less than 2^63",
        "'F32',[2.0],[0,8] | 8 | key w: expected whole numbers in the shape",
        "'F32',[99999999999999999999],[0,8] | 8 | the header is not valid JSON",
        "'F32',2,[0,8] | 8 | key w: expected a list as the shape",
        "'F32',[2],[0] | 8 | key w: expected two data_offsets, found [0]",
        "'F32',[2],[8,0] | 8 | key w: expected data_offsets in order, found 8, 0",
        "'F32',[2],[0,8] | 7 | key w: expected data up to offset 8, found the file's end at 7",
        "'F32',[2],[0,8] | 9 | expected 8 bytes of data, found 9",
        "'F32',[2],[1,9] | 9 | key w: expected its data at offset 0, found 1: a gap",
        "7,[2],[0,8] | 8 | key w: expected text as the dtype",
      })
  void malformedTensorNamesItsKeyTheExpectedAndTheFoundValue(
      String tensor, int dataBytes, String message) {
    String[] parts = tensor.replace('\'', '"').split(",(?=\\[|\\d+,\\[|\\d+$)", 3);
    String json =
        "{\"w\":{\"dtype\":%s,\"shape\":%s,\"data_offsets\":%s}}"
            .formatted(parts[0], parts[1], parts[2]);

    assertThatThrownBy(() -> read(file(json, dataBytes)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(message.strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[] | expected a JSON object as the header",
        "{ | the header is not valid JSON",
        "{} {} | expected only spaces after",
        "{'w':3} | key w: expected an object",
        "{'w':{'dtype':'F32'}} | key w: expected dtype, shape and data_offsets",
        "{'__metadata__':{'n':3}} | key __metadata__.n: expected text",
        "{'w':{'dtype':'U8','shape':[0],'data_offsets':[0,0]},"
            + "'w':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}} | Duplicate field 'w'",
        "{'v':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},"
            + "'w':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}} | it overlaps another tensor",
      })
  void malformedHeaderIsNamed(String json, String message) {
    assertThatThrownBy(() -> read(file(json.replace('\'', '"'), 1)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(message);
  }

  @Test
  void lengthBeyondTheFileOrTheLimitIsRefusedBeforeAllocation() {
    assertThatThrownBy(() -> read(length(SafetensorsHeader.MAX_BYTES)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected a header of 100000000 bytes, found 0");
    assertThatThrownBy(() -> read(length(SafetensorsHeader.MAX_BYTES + 1)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("at most 100000000 bytes, found a length of 100000001");
    assertThatThrownBy(() -> read(length(-1)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("18446744073709551615");
    assertThatThrownBy(() -> read(new byte[7]))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected at least 8 bytes, found 7");
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    byte[] bytes = file("{\"w\":{}}", 0);
    bytes[10] = (byte) 0xff;

    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("not UTF-8");
  }

  @Property(tries = 2000)
  void anyByteFlipIsACorruptFileOrAValidHeader(
      @ForAll @IntRange(min = 0, max = 8 + 214) int at, @ForAll byte value) throws IOException {
    byte[] bytes = file(GOOD, 17);
    bytes[at % bytes.length] = value;

    readOrCorrupt(bytes);
  }

  @Property(tries = 500)
  void anyTruncationIsACorruptFile(@ForAll @IntRange(min = 0, max = 10_000) int kept)
      throws IOException {
    byte[] bytes = file(GOOD, 17);

    assertThatThrownBy(() -> read(Arrays.copyOf(bytes, kept % bytes.length)))
        .isInstanceOf(CorruptFile.class);
  }

  @Property(tries = 2000)
  void anyBytesAreACorruptFileOrAValidHeader(@ForAll byte[] bytes) throws IOException {
    readOrCorrupt(bytes);
  }

  private static void readOrCorrupt(byte[] bytes) throws IOException {
    try {
      SafetensorsHeader header = read(bytes);
      assertThat(header.dataStart()).isLessThanOrEqualTo(bytes.length);
      header.tensors().values().forEach(i -> assertThat(i.bytes()).isLessThan(bytes.length));
    } catch (CorruptFile expected) {
      assertThat(expected).hasMessageContaining(".safetensors: ");
    }
  }

  private static byte[] length(long length) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
  }

  private static byte[] file(String json, int dataBytes) {
    byte[] header = json.getBytes(UTF_8);
    return ByteBuffer.allocate(8 + header.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private static SafetensorsHeader read(byte[] bytes) throws IOException {
    Path path = Files.createTempFile("header", ".safetensors");
    try {
      Files.write(path, bytes);
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        return SafetensorsHeader.read(path, channel);
      }
    } finally {
      Files.delete(path);
    }
  }
}
