//! Key pairs for git over SSH. Generating one takes up to seconds: callers keep it off the
//! threads that serve requests.

use ssh_key::{
    Algorithm, EcdsaCurve, LineEnding, PrivateKey,
    private::{EcdsaKeypair, Ed25519Keypair, KeypairData, RsaKeypair},
    rand_core,
};

use super::{clock::Timestamp, ids::UserId, random};

/// Bits of an RSA key.
const RSA_BITS: usize = 4096;

/// Which kind of key a new user gets for git over SSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshKeyAlgorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA with 4096 bits.
    Rsa4096,
}

/// A key pair in the text forms of OpenSSH.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The private key, PEM.
    pub private_key: String,
    /// The line for `authorized_keys`, with its newline.
    pub public_key: String,
}

/// A user's key for git over SSH, without the private part.
#[derive(Clone, Debug)]
pub struct GitSshKey {
    /// Whose it is.
    pub user_id: UserId,
    /// The line for `authorized_keys`.
    pub public_key: String,
    /// When the user got its first one.
    pub created_at: Timestamp,
    /// When it was last replaced.
    pub updated_at: Timestamp,
}

/// Generates a key pair.
///
/// # Errors
/// When the numbers drawn make no key, which does not happen in practice.
pub fn generate(algorithm: SshKeyAlgorithm) -> Result<KeyPair, ssh_key::Error> {
    let data = match algorithm {
        SshKeyAlgorithm::Ed25519 => Ed25519Keypair::from_seed(&random::bytes()).into(),
        SshKeyAlgorithm::Ecdsa => {
            KeypairData::from(EcdsaKeypair::random(&mut System, EcdsaCurve::NistP256)?)
        }
        SshKeyAlgorithm::Rsa4096 => RsaKeypair::random(&mut System, RSA_BITS)?.into(),
    };
    let key = PrivateKey::new(data, "")?;
    debug_assert!(!matches!(key.algorithm(), Algorithm::Other(_)));
    Ok(KeyPair {
        private_key: key.to_openssh(LineEnding::LF)?.to_string(),
        public_key: format!("{}\n", key.public_key().to_openssh()?.trim_end()),
    })
}

/// The project's one source of randomness, as the key generators take it.
struct System;

impl rand_core::RngCore for System {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(random::bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(random::bytes())
    }

    fn fill_bytes(&mut self, target: &mut [u8]) {
        for chunk in target.chunks_mut(32) {
            let drawn: [u8; 32] = random::bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(target);
        Ok(())
    }
}

impl rand_core::CryptoRng for System {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_readable_and_differ() {
        for (algorithm, prefix) in [
            (SshKeyAlgorithm::Ed25519, "ssh-ed25519 "),
            (SshKeyAlgorithm::Ecdsa, "ecdsa-sha2-nistp256 "),
            (SshKeyAlgorithm::Rsa4096, "ssh-rsa "),
        ] {
            let pair = generate(algorithm).unwrap();
            assert!(pair.public_key.starts_with(prefix), "{}", pair.public_key);
            assert!(pair.public_key.ends_with('\n'));
            let read = PrivateKey::from_openssh(&pair.private_key).unwrap();
            assert_eq!(
                read.public_key().to_openssh().unwrap().trim_end(),
                pair.public_key.trim_end()
            );
        }
        let again = || generate(SshKeyAlgorithm::Ed25519).unwrap().public_key;
        assert_ne!(again(), again());
    }
}
