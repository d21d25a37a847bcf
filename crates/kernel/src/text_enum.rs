//! Enums that are texts in SQL and JSON.

/// Declares an enum whose variants are texts: in SQL (`TEXT` with a CHECK), in JSON and in URLs.
/// A text that is none of them is an error, never a default.
///
/// ```
/// kernel::text_enum! {
///     /// Whether a lamp burns.
///     pub Lamp {
///         /// It burns.
///         On = "on",
///         /// It does not.
///         Off = "off",
///     }
/// }
/// assert_eq!("on".parse::<Lamp>().unwrap(), Lamp::On);
/// assert!("dim".parse::<Lamp>().is_err());
/// ```
#[macro_export]
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        $vis:vis $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd,
            $crate::serde::Serialize, $crate::serde::Deserialize,
            $crate::diesel::expression::AsExpression, $crate::diesel::deserialize::FromSqlRow,
        )]
        #[serde(crate = "kernel::serde")]
        #[diesel(sql_type = $crate::diesel::sql_types::Text)]
        $vis enum $name { $( $(#[$variant_meta])* #[serde(rename = $text)] $variant ),+ }

        impl $name {
            /// All values, in order of declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The text in SQL, JSON and URLs.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }
        }

        impl $crate::utoipa::PartialSchema for $name {
            fn schema() -> $crate::utoipa::openapi::RefOr<$crate::utoipa::openapi::schema::Schema> {
                $crate::utoipa::openapi::ObjectBuilder::new()
                    .schema_type($crate::utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$( $text ),+]))
                    .into()
            }
        }

        impl $crate::utoipa::ToSchema for $name {}

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $( $text => Ok(Self::$variant), )+
                    other => Err(format!(
                        "'{other}' is not one of: {}",
                        [$( $text ),+].join(", "),
                    )),
                }
            }
        }

        impl $crate::diesel::serialize::ToSql<
            $crate::diesel::sql_types::Text, $crate::diesel::pg::Pg,
        > for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::diesel::serialize::Output<'b, '_, $crate::diesel::pg::Pg>,
            ) -> $crate::diesel::serialize::Result {
                use ::std::io::Write as _;
                out.write_all(self.as_str().as_bytes())?;
                Ok($crate::diesel::serialize::IsNull::No)
            }
        }

        impl $crate::diesel::deserialize::FromSql<
            $crate::diesel::sql_types::Text, $crate::diesel::pg::Pg,
        > for $name {
            fn from_sql(
                bytes: $crate::diesel::pg::PgValue<'_>,
            ) -> $crate::diesel::deserialize::Result<Self> {
                ::std::str::from_utf8(bytes.as_bytes())?.parse().map_err(Into::into)
            }
        }
    };
}
