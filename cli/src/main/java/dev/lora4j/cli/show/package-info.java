/**
 * Output for people and, with {@code --json}, for programs.
 *
 * <p>A <i>listing</i> describes a file both as text and as JSON. <i>Terminal text</i> is text from
 * a file or a model without control characters.
 *
 * <pre>{@code
 * Listing listing = new TensorListing(ListedTensor.of(checkpoint));
 * listing.print(System.out, false);
 * NumberFormats.bytes(14_236); // 14.2 kB
 * }</pre>
 */
@NullMarked
package dev.lora4j.cli.show;

import org.jspecify.annotations.NullMarked;
